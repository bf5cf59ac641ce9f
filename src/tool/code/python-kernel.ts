/**
 * Runs cells in one Python process: `python3 -c` this. Frames are lines of JSON on the socket at descriptor 0, which moves out of the way of cells; what cells and
 * the programs that they start print goes through pipes at 1 and 2. SIGINT ends a cell, not the process.
 */
export const pythonKernel = String.raw`
import ast, base64, codecs, json, linecache, os, secrets, signal, sys, threading, traceback
wire = os.dup(0)
null = os.open(os.devnull, os.O_RDONLY)
os.dup2(null, 0)
lock = threading.Lock()
current = ""
PIECE = 16384
MOST = 262144

def tell(**frame):
    frame["id"] = current
    line = json.dumps(frame).encode() + b"\n"
    with lock:
        while line:
            line = line[os.write(wire, line):]

class Printed:
    # Hands on what is printed, and says when all that was printed before a mark has come.
    def __init__(self, fd, name):
        self.read, write = os.pipe()
        os.dup2(write, fd)
        os.close(write)
        self.text = codecs.getincrementaldecoder("utf-8")("replace")
        self.fd, self.name, self.mark, self.seen = fd, name, b"", threading.Event()
        threading.Thread(target=self.run, daemon=True).start()
    def run(self):
        held = b""
        while True:
            piece = os.read(self.read, PIECE)
            if not piece:
                return
            held += piece
            mark = self.mark
            if mark and mark in held:
                held = held.replace(mark, b"", 1)
                self.mark = b""
                self.say(held)
                held = b""
                self.seen.set()
                continue
            # The beginning of a mark may be at the end.
            keep = next((n for n in range(min(len(mark) - 1, len(held)), 0, -1) if mark.startswith(held[-n:])), 0) if mark else 0
            self.say(held[:len(held) - keep])
            held = held[len(held) - keep:]
    def say(self, piece):
        text = self.text.decode(piece)
        if text:
            tell(type="stream", name=self.name, text=text)
    def settle(self):
        self.seen.clear()
        self.mark = secrets.token_hex(16).encode()
        os.write(self.fd, self.mark)
        self.seen.wait(5)

printed = [Printed(1, "stdout"), Printed(2, "stderr")]
sys.stdin = open(null, closefd=False)
sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
rich = {"_repr_html_": "text/html", "_repr_markdown_": "text/markdown", "_repr_svg_": "image/svg+xml", "_repr_latex_": "text/latex", "_repr_json_": "application/json", "_repr_png_": "image/png", "_repr_jpeg_": "image/jpeg"}

def bundle(value):
    forms = {"text/plain": repr(value)[:MOST]}
    for method, mime in rich.items():
        make = getattr(type(value), method, None)
        try:
            form = make(value) if make else None
        except Exception:
            form = None
        if isinstance(form, bytes):
            form = base64.b64encode(form).decode()
        elif form is not None and not isinstance(form, str):
            form = json.dumps(form)
        if form is not None and len(form) <= MOST:
            forms[mime] = form
    return forms

def display(*values):
    for value in values:
        tell(type="display", forms=bundle(value))

def figures():
    plots = sys.modules.get("matplotlib.pyplot")
    if not plots:
        return
    import io
    for number in plots.get_fignums():
        out = io.BytesIO()
        plots.figure(number).savefig(out, format="png")
        tell(type="display", forms={"text/plain": "figure %d" % number, "image/png": base64.b64encode(out.getvalue()).decode()})
    plots.close("all")

space = {"__name__": "__main__", "__builtins__": __builtins__, "display": display}
count = 0

def run(code):
    global count
    count += 1
    name = "<cell %d>" % count
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    tree = ast.parse(code, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), space)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), name, "eval"), space)
        if value is not None:
            space["_"] = value
            tell(type="result", forms=bundle(value))
    figures()

def cell(code):
    global inside
    try:
        inside = True
        run(code)
        return "ok"
    except KeyboardInterrupt:
        return "interrupted"
    except SystemExit as end:
        tell(type="error", text="SystemExit: %s" % (end,))
    except BaseException as wrong:
        frames = traceback.TracebackException.from_exception(wrong)
        while frames.stack and not frames.stack[0].filename.startswith("<cell "):
            frames.stack.pop(0)
        tell(type="error", text="".join(frames.format())[:MOST])
    finally:
        inside = False
    return "error"

inside = False
def interrupt(*_):
    if inside:
        raise KeyboardInterrupt
signal.signal(signal.SIGINT, interrupt)
for line in os.fdopen(wire, "rb", closefd=False):
    try:
        asked = json.loads(line)
        current, code = asked["id"], asked["code"]
    except Exception:
        continue
    status = cell(code)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    for one in printed:
        one.settle()
    tell(type="done", status=status)
`;
