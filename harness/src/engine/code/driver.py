"""Runs the code blocks of one script, in order and in one namespace, and reports the first that fails.

Appended to this text: a call of `run_blocks` with the symbols and the blocks. The report goes to the file descriptor
that the first argument names: a line once the interpreter is up, then, if something fails, JSON.
"""
import os
import sys


def run_blocks(symbols, blocks):
    report = int(sys.argv[1])
    sys.argv = [""]
    os.write(report, b"up\n")
    # Started without installed packages, which takes a fifth of the time; a block that may want them gets them.
    if sys.flags.no_site and any(word in text for text, _ in blocks for word in ("import", "exit", "quit")):
        import site
        site.main()
    namespace = {"__name__": "__main__", "__builtins__": __builtins__, "sys": sys}
    namespace.update(symbols)
    programs = []
    for index, (text, _) in enumerate(blocks):
        try:
            programs.append(compile_block(block_name(index), text))
        except (SyntaxError, ValueError) as error:
            fail(report, {
                "block": index,
                "line": getattr(error, "lineno", None) or 1,
                "kind": "syntax",
                "type": type(error).__name__,
                "detail": getattr(error, "msg", None) or str(error),
            })
    known = ()
    for index, (text, values) in enumerate(blocks):
        for name in known:
            if name not in values:
                namespace.pop(name, None)
        namespace.update(values)
        known = values
        try:
            exec(programs[index][0], namespace)
        except BaseException as error:
            if isinstance(error, SystemExit) and error.code in (None, 0):
                sys.exit(0)
            describe(report, [text for _, text in programs], index, symbols, error)


def compile_block(name, text):
    """The code of a block, and its text without the indentation that it has as a whole."""
    try:
        return compile(text, name, "exec"), text
    except IndentationError as error:
        import textwrap
        candidates = [textwrap.dedent(text)]
        # What follows `%{` on its line has no indentation, though the lines below it may have one.
        first, _, rest = text.partition("\n")
        if not first.rstrip().endswith(":"):
            candidates.append(first + "\n" + textwrap.dedent(rest))
        for candidate in candidates:
            try:
                return compile(candidate, name, "exec"), candidate
            except SyntaxError:
                pass
        raise error


def block_name(index):
    return "<block %d>" % index


def describe(report, texts, running, symbols, error):
    """Reports an exception, with the values of the assertion that raised it."""
    names = {block_name(index): index for index in range(len(texts))}
    place = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in names:
            place = trace
        trace = trace.tb_next
    index = names[place.tb_frame.f_code.co_filename] if place else running
    line = place.tb_lineno if place else 1
    kinds = {AssertionError: "assertion", SystemExit: "exit"}
    found = {
        "block": index,
        "line": line,
        "kind": next((kind for base, kind in kinds.items() if isinstance(error, base)), "exception"),
        "type": type(error).__name__,
        "detail": clip(str(error)),
        "name": getattr(error, "name", None) if isinstance(error, NameError) else None,
    }
    if isinstance(error, AssertionError) and place:
        found.update(explain(texts[index], line, place.tb_frame, symbols))
    fail(report, found)


def explain(text, line, frame, symbols):
    """The source of the assertion at a line, and the values in it."""
    import ast
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {}
    asserts = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Assert) and node.lineno <= line <= (getattr(node, "end_lineno", None) or line)
    ]
    if not asserts:
        return {}
    test = max(asserts, key=lambda node: node.lineno).test

    def source(node):
        segment = ast.get_source_segment(text, node) if hasattr(ast, "get_source_segment") else None
        return " ".join((segment or text.split("\n")[line - 1]).split())

    harmless = (
        ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Attribute, ast.Subscript, ast.Tuple,
        ast.List, ast.Slice, ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
    )

    def value(node):
        """The value of an expression without calls, as text; None if it has none."""
        if not all(isinstance(inner, harmless) for inner in ast.walk(node)):
            return None
        try:
            code = compile(ast.Expression(node), "<value>", "eval")
            return clip(repr(eval(code, frame.f_globals, frame.f_locals)))
        except Exception:
            return None

    found = {"source": source(test)}
    focus = test
    while isinstance(focus, ast.BoolOp) and isinstance(focus.op, ast.And):
        false = [part for part in focus.values if value(part) in ("False", "0")]
        if not false:
            break
        focus = false[0]
    if isinstance(focus, ast.Compare) and len(focus.ops) == 1:
        left, right = focus.left, focus.comparators[0]
        found["left"] = [source(left), value(left)]
        found["right"] = [source(right), value(right)]
        found["operator"] = {
            "Eq": "==", "NotEq": "!=", "Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=",
            "Is": "is", "IsNot": "is not", "In": "in", "NotIn": "not in",
        }[type(focus.ops[0]).__name__]
    values = {}
    for text, known in (found.get("left", (None, None)), found.get("right", (None, None))):
        if known is not None and not known == text:
            values[text] = known
    for node in ast.walk(focus):
        if isinstance(node, ast.Name) and node.id not in symbols and len(values) < 10:
            scope = frame.f_locals if node.id in frame.f_locals else frame.f_globals
            if node.id in scope and not callable(scope[node.id]) and type(scope[node.id]) is not type(sys):
                values[node.id] = clip(repr(scope[node.id]))
    found["values"] = [[name, known] for name, known in values.items() if name not in symbols]
    return found


def clip(text):
    return text if len(text) <= 200 else text[:200] + "..."


def fail(report, found):
    import json
    os.write(report, json.dumps(found).encode())
    sys.exit(1)
