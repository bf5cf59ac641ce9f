/** A file of the change set, as the plugin knows it. */
export interface ChangedModule {
  /** Absolute. */
  readonly path: string;
  /** Whether the snapshot's version asked for frames or objects already: then it may. */
  readonly introspects: boolean;
}

/** What a file asks Python for to find those that call it. */
export const introspection =
  /\b_getframe\b|\bcurrentframe\b|\bimport\s+(?:inspect|gc)\b|\b(?:inspect|gc)\.|\bsettrace\b|\bsetprofile\b|\btb_frame\b|\b__code__\b/;

/**
 * Python for the pytest plugin: tells when a file of the change set looks at the tests that run it (frames, all
 * objects, tracing, the tests' or the run's own files), which no product has a reason for, and when what a test module
 * consists of is not what was collected. Needs Python 3.8 for the first. Imports by name are let be, and so is a test
 * file that says `__file__`: it may give itself to the product.
 */
export const pytestSight = `
class _Sight:
    frames = {"sys._getframe", "sys._current_frames", "sys.settrace", "sys.setprofile"}
    objects = {"gc.get_objects", "gc.get_referrers", "gc.get_referents"}
    commands = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"}
    attributes = {"tb_frame", "gi_frame", "cr_frame", "__code__"}

    def __init__(self, changed, files, folder, tell):
        self.changed = {item["path"]: item["introspects"] for item in changed}
        self.files = set(path for path in files if not self.gives_itself(path))
        self.folder = folder
        self.tell = tell
        self.busy = False
        self.modules = []

    def gives_itself(self, path):
        try:
            with _open(path, encoding="utf-8", errors="replace") as source:
                return "__file__" in source.read()
        except OSError:
            return False

    def install(self):
        if self.changed and hasattr(sys, "addaudithook"):
            sys.addaudithook(self.hear)

    def hear(self, event, args):
        if self.busy:
            return
        if event == "open" or event in self.commands:
            by_name = True
        elif event in self.frames or event in self.objects:
            by_name = False
        elif event in ("object.__getattr__", "object.__setattr__") and len(args) > 1 and args[1] in self.attributes:
            by_name = False
        else:
            return
        self.busy = True
        try:
            if event == "open" and not self.decides(args[0]) or event in self.commands and not self.names(args):
                return
            path = self.asker(by_name)
            if path is not None and (by_name or not self.changed[path]):
                self.tell("sight of the tests by " + os.path.basename(path) + ": " + event)
        except Exception:
            pass
        finally:
            self.busy = False

    def decides(self, name):
        if not isinstance(name, (str, bytes)):
            return False
        path = os.path.abspath(os.fsdecode(name))
        return path in self.files or path.startswith(self.folder + os.sep)

    def names(self, args):
        said = repr(args[:2])
        return any(os.path.basename(path) in said for path in list(self.files) + [self.folder])

    def asker(self, far):
        frame = sys._getframe(2)
        while frame is not None:
            path = frame.f_code.co_filename
            known = os.path.abspath(path)
            if known in self.changed:
                return known
            if far and path.startswith("<frozen importlib"):
                return None
            name = os.path.basename(path)
            if not path.startswith("<") and os.path.isabs(path) and os.path.exists(path):
                if far and (name in ("warnings.py", "traceback.py") or "/logging/" in path or "/_pytest/" in path):
                    return None
                if not far and name != "inspect.py":
                    return None
            frame = frame.f_back
        return None

    def remember(self):
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if not isinstance(path, str) or os.path.abspath(path) not in self.files:
                continue
            with _open(path, encoding="utf-8", errors="replace") as source:
                text = source.read()
            if "import *" not in text:
                for key in self.shadows(module):
                    if not re.search(r"\\b" + key + r"\\s*[=:,)\\n]|\\b(?:def|class|import|as|for)\\s+" + key + r"\\b", text):
                        self.tell(module.__name__ + "." + key)
            self.modules.append((module, set(self.shadows(module)), list(self.parts(module))))

    def shadows(self, module):
        return [key for key in vars(module) if not key.startswith("_") and hasattr(builtins, key)]

    def parts(self, module):
        for key, value in list(vars(module).items()):
            if isinstance(value, (types.FunctionType, type)):
                yield module, key, value, _code(value)
            if isinstance(value, type) and value.__module__ == module.__name__:
                for inner in dir(value):
                    if inner.startswith(("assert", "test", "fail")):
                        method = getattr(value, inner)
                        yield value, inner, getattr(method, "__func__", method), _code(method)

    def compare(self):
        for module, shadows, parts in self.modules:
            for key in self.shadows(module):
                if key not in shadows:
                    self.tell(module.__name__ + "." + key)
            for holder, key, value, code in parts:
                now = getattr(holder, key, None)
                now = now if holder is module else getattr(now, "__func__", now)
                if now is not value or _code(value) != code:
                    self.tell(module.__name__ + "." + key)
`;
