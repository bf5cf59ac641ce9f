/** What linters of JavaScript and TypeScript read. */
export const scriptFiles = ["**/*.{js,jsx,mjs,cjs,ts,tsx,mts,cts,vue,svelte,astro}"];
