import { createRequire } from "node:module";
import { posix } from "node:path";

/** What of a language's grammar tells where a name is defined. */
export interface CodeLanguage {
  readonly name: string;
  /** The file of its grammar. */
  readonly grammar: () => string;
  /** Node types that define something, with what models call it. */
  readonly definitions: Readonly<Record<string, string>>;
  /** Node types of names. */
  readonly names: readonly string[];
}

const require = createRequire(import.meta.url);

const javascriptDefinitions = {
  function_declaration: "function",
  generator_function_declaration: "function",
  class_declaration: "class",
  method_definition: "method",
  variable_declarator: "function",
};
const javascriptNames = [
  "identifier",
  "property_identifier",
  "private_property_identifier",
  "shorthand_property_identifier",
  "shorthand_property_identifier_pattern",
];
const typescriptDefinitions = {
  ...javascriptDefinitions,
  abstract_class_declaration: "class",
  interface_declaration: "interface",
  type_alias_declaration: "type",
  enum_declaration: "enum",
};
const typescriptNames = [...javascriptNames, "type_identifier"];

const python: CodeLanguage = {
  name: "python",
  grammar: () => require.resolve("tree-sitter-python/tree-sitter-python.wasm"),
  definitions: { function_definition: "function", class_definition: "class" },
  names: ["identifier"],
};
const javascript: CodeLanguage = {
  name: "javascript",
  grammar: () => require.resolve("tree-sitter-javascript/tree-sitter-javascript.wasm"),
  definitions: javascriptDefinitions,
  names: javascriptNames,
};
const typescript: CodeLanguage = {
  name: "typescript",
  grammar: () => require.resolve("tree-sitter-typescript/tree-sitter-typescript.wasm"),
  definitions: typescriptDefinitions,
  names: typescriptNames,
};
const tsx: CodeLanguage = {
  name: "tsx",
  grammar: () => require.resolve("tree-sitter-typescript/tree-sitter-tsx.wasm"),
  definitions: typescriptDefinitions,
  names: typescriptNames,
};
const go: CodeLanguage = {
  name: "go",
  grammar: () => require.resolve("tree-sitter-go/tree-sitter-go.wasm"),
  definitions: { function_declaration: "function", method_declaration: "method", type_spec: "type" },
  names: ["identifier", "type_identifier", "field_identifier", "package_identifier"],
};
const rust: CodeLanguage = {
  name: "rust",
  grammar: () => require.resolve("tree-sitter-rust/tree-sitter-rust.wasm"),
  definitions: {
    function_item: "function",
    struct_item: "struct",
    enum_item: "enum",
    union_item: "union",
    trait_item: "trait",
    type_item: "type",
    mod_item: "module",
    macro_definition: "macro",
    const_item: "constant",
    static_item: "constant",
  },
  names: ["identifier", "type_identifier", "field_identifier", "shorthand_field_identifier"],
};
const java: CodeLanguage = {
  name: "java",
  grammar: () => require.resolve("tree-sitter-java/tree-sitter-java.wasm"),
  definitions: {
    class_declaration: "class",
    interface_declaration: "interface",
    enum_declaration: "enum",
    record_declaration: "class",
    method_declaration: "method",
    constructor_declaration: "method",
  },
  names: ["identifier", "type_identifier"],
};
const c: CodeLanguage = {
  name: "c",
  grammar: () => require.resolve("tree-sitter-c/tree-sitter-c.wasm"),
  definitions: {
    function_definition: "function",
    struct_specifier: "struct",
    union_specifier: "union",
    enum_specifier: "enum",
    type_definition: "type",
    preproc_def: "macro",
    preproc_function_def: "macro",
  },
  names: ["identifier", "type_identifier", "field_identifier"],
};

const byEnding: Readonly<Record<string, CodeLanguage>> = {
  ".py": python,
  ".pyi": python,
  ".js": javascript,
  ".jsx": javascript,
  ".mjs": javascript,
  ".cjs": javascript,
  ".ts": typescript,
  ".mts": typescript,
  ".cts": typescript,
  ".tsx": tsx,
  ".go": go,
  ".rs": rust,
  ".java": java,
  ".c": c,
  ".h": c,
};

/** The language whose grammar reads a file, by its name. */
export const languageOf = (path: string): CodeLanguage | undefined => byEnding[posix.extname(path).toLowerCase()];
