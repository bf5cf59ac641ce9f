/**
 * Python for the pytest plugin: in the task's own test files, what stands on both sides of an `assert a == b` or an
 * `assertEqual(a, b)` is asked whether it also equals an object that it cannot know, or two values made up on the
 * spot. What does was written to be equal to anything. Objects whose class the test file names are let be, so that tests
 * may use `mock.ANY`, dirty_equals and matchers of their own.
 */
export const pytestEquality = `
class _Stranger:
    pass


class _Equality:
    def __init__(self, files, tell):
        self.files = set(files)
        self.tell = tell
        self.left = {}
        self.sites = []

    def install(self):
        import _pytest.assertion.rewrite as rewrite

        original = getattr(rewrite, "rewrite_asserts", None)
        if original is None or not self.files:
            return

        def rewrite_asserts(tree, *rest, **named):
            path = next((item for item in rest if isinstance(item, str) and item in self.files), None)
            if path is not None:
                with _open(path, encoding="utf-8", errors="replace") as source:
                    self.instrument(tree, source.read())
            return original(tree, *rest, **named)

        rewrite.rewrite_asserts = rewrite_asserts
        setattr(builtins, "@berth_left", self.take_left)
        setattr(builtins, "@berth_right", self.take_right)

    def instrument(self, tree, source):
        equality = self

        class Wrap(ast.NodeTransformer):
            def visit_Assert(self, node):
                self.generic_visit(node)
                parts = node.test.values if isinstance(node.test, ast.BoolOp) else [node.test]
                for part in parts:
                    if isinstance(part, ast.Compare) and len(part.ops) == 1 and isinstance(part.ops[0], ast.Eq):
                        part.left, part.comparators[0] = equality.wrapped(part.left, part.comparators[0], source)
                return node

            def visit_Call(self, node):
                self.generic_visit(node)
                name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
                plain = len(node.args) >= 2 and not any(isinstance(arg, ast.Starred) for arg in node.args[:2])
                if name.startswith("assert") and name.endswith(("Equal", "Equals")) and "Not" not in name and plain:
                    node.args[0], node.args[1] = equality.wrapped(node.args[0], node.args[1], source)
                return node

        Wrap().visit(tree)

    def wrapped(self, left, right, source):
        self.sites.append(source)
        site = repr(len(self.sites) - 1)
        both = []
        for name, value in (("@berth_left", left), ("@berth_right", right)):
            number = ast.parse(site, mode="eval").body
            call = ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=[number, value], keywords=[])
            for node in (call, call.func, number):
                ast.copy_location(node, value)
            both.append(call)
        return both

    def take_left(self, site, value):
        self.left[site] = value
        return value

    def take_right(self, site, value):
        left = self.left.pop(site, None)
        self.probe(left, value, site, [500], 0)
        self.probe(value, left, site, [500], 0)
        return value

    def probe(self, value, other, site, budget, depth):
        budget[0] -= 1
        if budget[0] < 0 or depth > 4:
            return
        kind = type(value)
        method = next((vars(k)["__eq__"] for k in kind.__mro__ if "__eq__" in vars(k)), None)
        if isinstance(method, types.FunctionType):
            name = kind.__name__
            if self.lies(value, other) and not re.search(r"\\b(?:ANY|dirty_equals|" + re.escape(name) + r")\\b", self.sites[site]):
                self.tell("equality of " + name)
        if isinstance(value, dict):
            for inner in itertools.islice(dict.values(value), 500):
                self.probe(inner, None, site, budget, depth + 1)
        elif isinstance(value, (list, tuple, set, frozenset)):
            walk = next(k for k in (list, tuple, set, frozenset) if isinstance(value, k)).__iter__
            for inner in itertools.islice(walk(value), 500):
                self.probe(inner, None, site, budget, depth + 1)

    def lies(self, value, other):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                if (value == _Stranger()) is True:
                    return True
                twins = self.twins(other)
                return len(twins) == 2 and all((value == twin) is True for twin in twins)
            except Exception:
                return False

    def twins(self, value):
        marks = [uuid.uuid4() for _ in range(2)]
        if isinstance(value, bool):
            return []
        if isinstance(value, (int, float)):
            return [value + 1 + mark.int % 999983 for mark in marks]
        if isinstance(value, str):
            return [value + mark.hex for mark in marks]
        if isinstance(value, list):
            return [list(value) + [mark.hex] for mark in marks]
        if isinstance(value, tuple):
            return [tuple(value) + (mark.hex,) for mark in marks]
        if isinstance(value, dict):
            return [dict(value, **{mark.hex: mark.hex}) for mark in marks]
        return []
`;
