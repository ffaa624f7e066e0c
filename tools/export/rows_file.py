"""Rows of a file as Softprompt Studio reads them, and answered rows as it writes them: the same rows, refused with the same words.

predict.py, serve_vllm.py and train_peft.py read with this; it needs Python alone. It reads CSV and its kin, JSON Lines and JSON. Workbooks and
YAML are read by the studio and by predict.mjs. The studio's tests hold both readers to one table of cases."""
import codecs, collections, functools, io, json, re, sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

MAX_BYTES, MAX_ROWS, MAX_COLUMNS, MAX_CELLS, MAX_BROKEN_QUOTES = 50_000_000, 400_000, 1000, 40_000_000, 200
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
# What JavaScript takes for white space, in `trim` and in `\s`; Python's own differs.
SPACES = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
S = f"[{SPACES}]"
HEAD = 65_536  # characters that say what a file is
EXCEL = "save it as CSV in the spreadsheet (File, Save as, CSV UTF-8) and open that file"
BINARY = (
    (b"%PDF", "a PDF", "export the table behind it as CSV"), (b"\x89PNG", "a PNG image", "open a CSV file"), (b"\xff\xd8\xff", "a JPEG image", "open a CSV file"),
    (b"\x1f\x8b", "a gzip archive", "unpack it and open the CSV inside"), (b"PAR1", "a Parquet file", "save the table as CSV"), (b"SQLite", "an SQLite database", "export the table as CSV"),
)
ZIPPED = ((b"xl/", "an Excel workbook", EXCEL), (b"word/", "a Word document", "save the table in it as CSV"), (b"application/vnd.oasis", "an OpenDocument file", EXCEL), (b"", "a ZIP archive", "unpack it and open the CSV inside"))
CP1252 = dict(zip(range(0x80, 0xA0), "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"))
YAML = re.compile(rf"(?:{S}*(?:#[^\n]*|---)?\n)*(?:tests|prompts|providers|description|defaultTest|-{S}+(?:vars|description|assert)){S}*:")


CHUNK = 1 << 16  # characters


class Refused(Exception):
    """Why a file, or a row of it, cannot be used."""


class NoColumn(Refused):
    """An option names a column that is not there."""


def counted(count, noun): return f"{count:,} {noun}{'' if count == 1 else 's'}"
def trim(text): return text.strip(SPACES)


class Table:
    """Rows as (line, {column: cell}), in their order, and those that are refused as (line, reason): all of them once the rows have been read."""

    def __init__(self, name, columns=()): self.name, self.columns, self.rows, self.rejected, self.count = name, list(columns), iter(()), [], 0

    def all(self):
        """The table with its rows in a list. @raise Refused beyond what the studio reads"""
        self.rows = list(self.rows)
        check(self, self.count)
        return self

    def said(self):
        """Says how many rows are refused, as the command line of the studio does."""
        if self.rejected: print(f"{self.name}: {counted(len(self.rejected), 'row')} skipped, the first in line {self.rejected[0][0]}: {self.rejected[0][1]}", file=sys.stderr)
        return self

    def needs(self, templates, **columns):
        """@raise Refused where a template or an option names a column that is not there"""
        there = ", ".join(self.columns)
        for option, column in columns.items():
            if column is not None and column not in self.columns: raise NoColumn(f"--{option}: {self.name} has no column “{column}”; it has {there}.")
        for name in (name for template in templates for name in columns_of(template, columns["text"])):
            if name not in self.columns: raise Refused(f"There is no column “{name}”. You can use {{text}} and {', '.join(f'{{{column}}}' for column in self.columns)}.")
        return self


def check(table, count):
    columns = len(table.columns)
    if columns > MAX_COLUMNS or columns * min(count, MAX_ROWS) > MAX_CELLS:
        raise Refused(f"{table.name} has more than {f'{MAX_COLUMNS:,} columns' if columns > MAX_COLUMNS else f'{MAX_CELLS // 10**6} million cells'}. Keep the columns with the text, the label and what you want to filter by, and open it again.")
    if count > MAX_ROWS: raise Refused(f"{table.name} has {count:,} rows; files up to {MAX_ROWS:,} rows are read. Split it, and take the parts one after the other.")


def no_rows(table):
    why = f": none of its {len(table.rejected)} rows could be read (line {table.rejected[0][0]}: {table.rejected[0][1]})" if table.rejected else ""
    return Refused(f"{table.name} has a header but no rows{why}. Open a file with one text a row.")


def open_table(path, limited=True):
    """The table of a file, whose rows are read when they are asked for; `limited`: not beyond what the studio reads. @raise Refused"""
    path = Path(path)
    try: return _open(path, limited)
    except OSError: raise Refused(f"The file {path} cannot be read.") from None


def _open(path, limited):
    name, size = path.name, path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, size - HEAD))
        ends = head, file.read()
    if limited and size > MAX_BYTES: raise Refused(f"{name} has {Decimal(size / 1e6).quantize(Decimal('0.1'), ROUND_HALF_UP)} MB; files up to {MAX_BYTES // 10**6} MB are read. Split it, and take the parts one after the other.")
    if head.startswith(b"\xd0\xcf\x11\xe0"): raise Refused(f"{name} is an old or a password-protected Excel file. Save it in Excel as .xlsx without a password, or as CSV.")
    records = _records_of_json(path, name, head)
    if records is not None: return _from_records(name, [(i + 1, record) for i, record in enumerate(records)], limited)
    for magic, what, advice in BINARY:
        if head.startswith(magic): raise Refused(f"{name} is {what}, not text: {advice}.")
    if head.startswith(b"PK\x03\x04"):
        what, advice = next((what, advice) for mark, what, advice in ZIPPED if any(mark in part for part in ends))
        raise Refused(f"{name} is {what}, not text: {advice}.")
    encoding = _encoding(path, head)
    if not encoding.startswith("utf-16") and b"\0" in head: raise Refused(f"{name} is a binary file, not text: open a CSV, Excel or JSON file.")
    text = Text(path, encoding)
    first = text.first()
    if not first: raise Refused(f"{name} is empty. Open a file with a header and one text a row.")
    if re.match(rf"{S}*\[{S}*\{{", text.held[:1000]): raise Refused(f"{name} is one JSON array. Save it as JSON Lines (one object a line) or as CSV.")
    line = first.split("\n", 1)[0]
    if re.search(r"\.(jsonl|ndjson)$", name, re.I) or (re.match(rf'\{{{S}*"', line) and line.rstrip(SPACES).endswith("}")): return _json_lines(name, path, encoding, limited)
    return _delimited(name, text, limited)


# Text


def _encoding(path, head):
    """UTF-16 by its mark or by the places of zero bytes, UTF-8 by being valid, and everything else is Windows-1252, read as Latin-1 first."""
    if head.startswith(b"\xff\xfe"): return "utf-16-le"
    if head.startswith(b"\xfe\xff"): return "utf-16-be"
    some = head[:4096]
    even, odd, half = some[::2].count(0), some[1::2].count(0), len(some) / 2
    if odd > 0.7 * half and even < 0.1 * half: return "utf-16-le"
    if even > 0.7 * half and odd < 0.1 * half: return "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20): decoder.decode(block)
        decoder.decode(b"", True)
    except UnicodeDecodeError: return "latin-1"
    return "utf-8"


class Text:
    """The text of a file with `\\n` line ends, of which no more is held than a record needs."""

    def __init__(self, path, encoding):
        self.file, self.encoding = io.TextIOWrapper(open(path, "rb"), encoding, "replace"), encoding
        self.held, self.at, self.ended = "", 0, False
        self.more()
        self.held = self.held.lstrip("\ufeff")  # one is the file's mark, more come from files that were put together

    def more(self):
        piece = self.file.read(max(CHUNK, len(self.held) - self.at))  # as much again, so that a long record is not read over and over
        if self.encoding == "latin-1": piece = piece.translate(CP1252)
        self.held, self.at, self.ended = self.held[self.at :] + piece, 0, not piece
        if self.ended: self.file.close()

    def first(self):
        """What is held without the white space before it: the first line and more, or everything."""
        while len(first := self.held.lstrip(SPACES)) < 4 * HEAD or "\n" not in first:
            if self.ended: break
            self.more()
        return first

    def lines(self):
        """(number, line) that are not blank."""
        number = 0
        while self.at < len(self.held) or not self.ended:
            end = self.held.find("\n", self.at)
            if end < 0 and not self.ended: self.more()
            else:
                end = len(self.held) if end < 0 else end
                line, self.at, number = self.held[self.at : end], end + 1, number + 1
                if trim(line): yield number, line


# Delimited text


@functools.lru_cache(None)
def _closing(delimiter, quote, ended):
    """
    Finds the quote that closes a cell: the last of an odd number of them, with nothing but white space before the next delimiter or line end.
    As regular expressions: for the cell's first characters, for its others, and for that white space.
    """
    blank = f"[{SPACES.translate({ord(delimiter): None, 10: None})}]*"
    end = r"|\Z" if ended else ""
    after = rf"(?={blank}(?:{re.escape(delimiter)}|\n){end})"
    return re.compile(rf"(?:{quote * 2})*{quote}{after}"), re.compile(rf"{quote}(?<!{quote * 2})(?:{quote * 2})*{after}"), re.compile(blank)


def _record(text, at, delimiter, quote, ended):
    """
    (cells, where the next record begins, whether a quote is never closed, whether one is out of place), as Papa Parse cuts them: a quote inside a
    cell is a letter. None where the text goes on and the record may too.
    """
    cells, odd, end, stop = [], False, len(text), at - 1
    first, later, blank = _closing(delimiter, quote, ended)
    while True:
        if text.startswith(quote, at):
            at += 1
            close = first.match(text, at) or later.search(text, at)
            if not close: return (cells + [text[at:]], end, True, odd) if ended else None
            cell = text[at : close.end() - 1]
            cells.append(cell.replace(quote * 2, quote))
            odd |= quote in cell.replace(quote * 2, "")
            at = close.end()
            if at == end: return cells, end, False, odd
            at = blank.match(text, at).end() + 1
            if text[at - 1] == "\n": return cells, at, False, odd
            continue
        if stop < at: stop = text.find("\n", at)
        if stop < 0 and not ended: return None
        line = stop if stop >= 0 else end
        cut = text.find(delimiter, at, line)
        if not cells and text.find(quote, at, line) < 0: return text[at:line].split(delimiter), min(line + 1, end), False, False
        if cut < 0: return cells + [text[at:line]], min(line + 1, end), False, odd
        cells.append(text[at:cut])
        at = cut + 1


def _records(text, delimiter, quote):
    """(line, cells, why the record is not to be trusted, its first line). A quote that is never closed would swallow the rows after it: only its line is given up."""
    line, broken = 1, 0
    while text.at < len(text.held) or not text.ended:
        found = _record(text.held, text.at, delimiter, quote, text.ended)
        if found is None:
            text.more()
            continue
        cells, end, open_quote, odd = found
        held, at = text.held, text.at
        breaks = held.count("\n", at, end) - held.endswith("\n", at, end) if quote in held[at:end] else 0
        if not open_quote and not (odd and breaks):
            text.at = end
            yield line, cells, None, ""
            line += breaks + 1
            continue
        broken += 1
        if broken > MAX_BROKEN_QUOTES:
            yield line, [], f"more than {MAX_BROKEN_QUOTES} quotes are never closed: the rest of the file was not read", ""
            return
        end = held.find("\n", at)
        first = held[at : end if end >= 0 else len(held)]
        text.at = at + len(first) + 1
        yield line, [], "a quote is never closed", first
        line += 1


def _trial(sample, cut, delimiter, quote):
    """(cells of the header, records with as many, their share, the records that the sample does not cut)."""
    at, found = 0, []
    while at < len(sample) and len(found) < 100:
        start = at
        cells, at, open_quote, odd = _record(sample, at, delimiter, quote, True)
        if cells != [""]: found.append((sample[start:at].removesuffix("\n"), cells, open_quote or odd))
    size = len(found[0][1]) if found else 0
    same = sum(len(cells) == size for _, cells, _ in found[1:])
    return size, same, same / (len(found) - 1) if len(found) > 1 else 1, found[:-1] if cut and len(found) < 100 else found


def _is_quoted(quote, delimiter, trial, other):
    """Every record has a cell in such quotes, or those that need them and no others: else apostrophes are text."""
    (_, same, share, records), (_, other_same, other_share, _) = trial, other
    quoted = lambda record: record[0] != delimiter.join(record[1])
    body, odd = records[1:] or records, sum(record[2] for record in records)
    if not any(map(quoted, records)): return False
    if sum(map(quoted, body)) >= 0.95 * len(body) and any(quoted(record) and "\n" not in record[0] for record in records):
        return odd <= 0.05 * len(records) and share >= other_share - 0.05
    fits = lambda record: any(mark in cell for cell in record[1] for mark in (delimiter, quote, "\n")) if quoted(record) else not any(cell.endswith(quote) for cell in record[1])
    doubled = any(quoted(record) and any(quote in cell for cell in record[1]) for record in records)
    better = share >= other_share if doubled else share > other_share and same >= other_same
    return not odd and better and all(map(fits, records))


def _sniffed(sample, cut, delimiter):
    """The delimiter that cuts the most records into the header's number of cells (ties go to the one that makes more cells), and the quote."""
    better = lambda a, b: b[1][2] - a[1][2] if abs(a[1][2] - b[1][2]) > 0.05 else b[1][0] - a[1][0]

    def best(quote):
        trials = [(each, _trial(sample, cut, each, quote)) for each in ([delimiter] if delimiter else DELIMITERS)]
        return next(iter(sorted((each for each in trials if each[1][0] > 1), key=functools.cmp_to_key(better))), trials[0])

    usual, single = best('"'), best("'")
    return (single[0], "'") if _is_quoted("'", *single, usual[1]) else (usual[0], '"')


def _units(text, count):
    """The first so many UTF-16 units of a text, as JavaScript counts."""
    return text[:count].encode("utf-16-le", "surrogatepass")[: 2 * count].decode("utf-16-le", "replace")


def unique_headers(cells):
    """Names without white space around them; one that is there already, or is missing, gets a number."""
    wanted, columns = [trim(cell) for cell in cells], []
    for i, name in enumerate(wanted):
        base = unique = name or f"column {i + 1}"
        n = 2
        while unique in columns or (unique != base and unique in wanted): unique, n = f"{base} ({n})", n + 1
        columns.append(unique)
    return columns


EXPECTED = "__expected"  # promptfoo's test files say there what they expect
NAMES_AN_ANSWER = re.compile(rf"(?:equals|contains|icontains|starts-with){S}*:{S}*", re.I)
ASSERTION = re.compile(
    rf"(?:not-)?(?:javascript|js|fn|eval|python|file|webhook|llm-rubric|grade|model-graded-[A-Za-z0-9_]+|similar|rouge-n|bleu|levenshtein|latency|cost|perplexity(?:-score)?|regex|is-[A-Za-z0-9_]+|contains-[A-Za-z0-9_]+|icontains-[A-Za-z0-9_]+|factuality|answer-relevance|context-[A-Za-z0-9_]+|g-eval|moderation|guardrails|classifier|select-best){S}*(?:\([^)]*\))?{S}*:|not-[A-Za-z0-9_]+{S}*:|is-json(?![A-Za-z0-9_])",
    re.I,
)


def _delimited(name, text, limited):
    named, offset, delimiter = re.match(r'"?sep=([^\n\r\u2028\u2029])"?\n', text.held, re.I), 0, None
    if named:
        text.at, offset = named.end(), 1
        if named[1] in DELIMITERS and named[1] in _units(text.held[text.at :], HEAD).split("\n", 1)[0]: delimiter = named[1]
    sample = _units(text.held[text.at :], HEAD)
    delimiter, quote = _sniffed(sample, len(sample) < len(text.held) - text.at or not text.ended, delimiter)
    records = _records(text, delimiter, quote)
    blank = lambda cells, broken: broken is None and not any(map(trim, cells))
    cells, broken, first = next(((cells, broken, first) for _, cells, broken, first in records if not blank(cells, broken)), ([], None, ""))
    header = first.replace(quote, "").split(delimiter) if broken else cells
    table = Table(name, header if len(header) > MAX_COLUMNS else unique_headers(header))
    check(table, 0)

    def rows():
        width, pending, checks = len(table.columns), [], []
        at = table.columns.index(EXPECTED) if EXPECTED in table.columns else None
        for line, cells, broken, _ in records:
            line += offset
            if blank(cells, broken):
                pending.append((line, "the row is empty"))
                continue
            table.rejected += pending
            pending = []
            reason = broken or (f"it has {len(cells)} of {width} cells" if len(cells) < width else f"it has {len(cells)} cells, the header has {width}" if any(trim(cell) for cell in cells[width:]) else None)
            if reason:
                table.rejected.append((line, reason))
                continue
            table.count += 1
            if limited and table.count > MAX_ROWS: continue
            if at is not None:
                cell = trim(cells[at])
                if hit := ASSERTION.match(cell):
                    checks.append((line, f"its {EXPECTED} is a check (“{_units(hit[0], 40)}”), no label"))
                    continue
                cells[at] = NAMES_AN_ANSWER.sub("", cell, 1) if NAMES_AN_ANSWER.match(cell) else cell
            yield line, dict(zip(table.columns, cells))
        table.rejected += checks

    table.rows = _some(table, rows())
    return table


def _some(table, rows):
    """The rows, of which there must be one. @raise Refused"""
    first = next(rows, None)
    if first is None:
        check(table, table.count)
        raise no_rows(table)
    def all_rows():
        yield first
        yield from rows
    return all_rows()


# JSON


def _number(value):
    """As JSON.stringify writes it."""
    if value != value or abs(value) == float("inf"): return "null"
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        text = f"{Decimal(repr(abs(value) if value == 0 else value)):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return re.sub(r"e-0", "e-", repr(value))


def _ordered(record):
    """The entries as JavaScript orders them: array indices first."""
    index = lambda name: re.fullmatch(r"0|[1-9][0-9]{0,9}", name) and int(name) < 2**32 - 1
    return [*sorted(((k, v) for k, v in record.items() if index(k)), key=lambda entry: int(entry[0])), *((k, v) for k, v in record.items() if not index(k))]


def _json(value):
    if isinstance(value, str): return re.sub("[\ud800-\udfff]", lambda hit: f"\\u{ord(hit[0]):04x}", json.dumps(value, ensure_ascii=False))
    if isinstance(value, dict): return f"{{{','.join(f'{_json(name)}:{_json(each)}' for name, each in _ordered(value))}}}"
    if isinstance(value, list): return f"[{','.join(map(_json, value))}]"
    return "null" if value is None else ("true" if value else "false") if isinstance(value, bool) else _number(value)


def well_formed(text): return re.sub("[\ud800-\udfff]", "\ufffd", text)
def cell_of(value): return "" if value is None else well_formed(value) if isinstance(value, str) else _json(value)


def _none(name): raise ValueError(name)


def parse_json(text):
    """Numbers as floats, as JavaScript has them. @raise ValueError, RecursionError"""
    return json.loads(text, parse_int=float, parse_float=float, parse_constant=_none)


LISTS = ("tests", "data", "items", "rows", "examples")  # the keys under which tools put their rows


def _list_in(value):
    return value if isinstance(value, list) else next((value[key] for key in LISTS if isinstance(value.get(key), list)), None) if isinstance(value, dict) else None


def _records_of_json(path, name, head):
    """The records of a JSON array or object; None where a file is something else, as JSON Lines. @raise Refused"""
    start = re.sub("^\ufeff", "", head[:4000].decode("utf-8", "replace"))
    brace = re.match(rf"{S}*([\[{{])", start)
    if not brace:
        if re.search(r"\.ya?ml$", name, re.I) or YAML.match(start): raise Refused(f"{name} is YAML, which the studio and predict.mjs read, and this program does not: save it as JSON or CSV.")
        return None
    if brace[1] == "{" and not _is_one_object(path): return None
    try: value = parse_json(re.sub("^\ufeff\ufeff?", "", path.read_bytes().decode("utf-8", "replace")))
    except (ValueError, RecursionError): raise Refused(f"{name} is not valid JSON. Export it again, or save it as JSON Lines or CSV.") from None
    records = _list_in(value)
    if records: return records
    elsewhere = " Its tests are in another file: open that one." if isinstance(value, dict) and isinstance(value.get("tests"), str) else ""
    raise Refused(f"{name} has no list of rows: neither a list itself, nor one under {', '.join(LISTS)}.{elsewhere}")


def _is_one_object(path):
    """JSON Lines have a whole object in their first line, and more lines; one object over several lines has not."""
    with open(path, "rb") as file: first, rest = (trim(part.decode("utf-8", "replace")) for part in (file.readline(), file.read(4000)))
    if not first.endswith("}"): return True
    if rest: return False
    try: value = parse_json(first)
    except (ValueError, RecursionError): return False
    return _list_in(value) is not None or isinstance(value, dict) and "tests" in value


def _json_lines(name, path, encoding, limited):
    """Columns are the names in all records, so the file is gone through twice where its rows are not all kept."""
    def records():
        for line, raw in Text(path, encoding).lines():
            try: yield line, parse_json(raw)
            except ValueError: yield line, Broken("the line is not valid JSON")
            except RecursionError: yield line, Broken("the line is nested too deeply to be read")
    return _from_records(name, list(records()) if limited else records, limited)


class Broken(str): """Why a line has no record."""


def _from_records(name, records, limited):
    """@param records (line, value), or a function that gives them again. Where they are many, cells are made when their row is asked for."""
    again = records if callable(records) else lambda: records
    columns, table = {}, Table(name)
    if not callable(records) and len(records) > MAX_ROWS and limited: check(table, len(records))

    def found():
        for line, value in again():
            cells = value if isinstance(value, Broken) else _cells(value)
            yield line, cells

    some = False
    for _, cells in found():
        if not isinstance(cells, str): some = columns.update(dict.fromkeys(cells)) or True
        table.count += not isinstance(cells, str)
        if len(columns) > MAX_COLUMNS: break
    table.columns = list(columns)
    check(table, table.count if limited else 0)

    def rows():
        for line, cells in found():
            if isinstance(cells, str): table.rejected.append((line, cells))
            else: yield line, {column: cells.get(column, "") for column in table.columns}

    table.rows = _some(table, rows())
    return table


def _cells(value):
    fields = adapted(value)
    if isinstance(fields, str): return Broken(fields)
    try: return {name: cell_of(cell) for name, cell in _ordered(fields)}
    except RecursionError: return Broken("the line is nested too deeply to be read")


def adapted(value):
    """A record of another tool as the fields of a row, or why it is none: promptfoo, OpenAI Evals, Langfuse."""
    if not isinstance(value, dict): return "the line is not a JSON object"
    if isinstance(value.get("vars"), dict): return _of_promptfoo(value["vars"], value.get("assert"))
    if "vars" in value and "assert" in value: return "its variables are in another file" if _is_elsewhere(value["vars"]) else "its variables have no names"
    if "ideal" in value and "input" in value: return _of_evals(value)
    if "input" in value and ("expectedOutput" in value or "expected_output" in value): return _of_langfuse(value)
    return value


def _is_plain(value): return isinstance(value, (str, float, bool))
def _is_elsewhere(value): return isinstance(value, str) and value.startswith("file://")
def _text(value): return value if isinstance(value, str) else _json(value)
def _flat(fields): return {name: value for name, value in fields.items() if _is_plain(value)}


def _of_promptfoo(variables, assertions):
    found = [each for each in (assertions if isinstance(assertions, list) else []) if isinstance(each, dict)]
    named = next((each for each in found if each.get("type") in ("equals", "contains", "icontains", "starts-with", "rouge-n") and _is_plain(each.get("value"))), None)
    elsewhere = next((name for name, value in [*_ordered(variables), ("answer", named and named["value"])] if _is_elsewhere(value)), None)
    if elsewhere is not None: return f"its “{_units(elsewhere, 40)}” is in another file"
    if named: return {**{name: value.replace('{{ "{" }}', "{") if isinstance(value, str) else value for name, value in variables.items()}, EXPECTED: named["value"]}
    return f"its assertion (“{_units(_text(found[0].get('type', 'undefined')), 40)}”) is a check, not a label" if found else "it has no assertion"


def _of_evals(record):
    text, ideal = _spoken(record["input"]), record["ideal"]
    if text is None: return "its input is neither text nor a list of messages"
    answer = (ideal[0] if ideal else None) if isinstance(ideal, list) else ideal
    return {"input": text, "ideal": answer, **_flat({name: value for name, value in record.items() if name not in ("input", "ideal")})} if _is_plain(answer) else "its ideal is not text"


def _of_langfuse(record):
    text = _spoken(record["input"])
    if text is None: return "its input is neither text nor a list of messages"
    answer = _only_value(record.get("expected_output") if record.get("expectedOutput") is None else record["expectedOutput"])
    if answer is None: return "its expected output is not a single text"
    return {**({"id": record["id"]} if "id" in record else {}), "input": text, "expected_output": answer, **(_flat(record["metadata"]) if isinstance(record.get("metadata"), dict) else {})}


def _only_value(value):
    if _is_plain(value): return value
    values = list(value.values()) if isinstance(value, dict) else []
    return values[0] if len(values) == 1 and _is_plain(values[0]) else None


def _spoken(value):
    """The text of an input: by itself, the only value of an object, or what the user says last in a chat."""
    chat = value if isinstance(value, list) else value["messages"] if isinstance(value, dict) and isinstance(value.get("messages"), list) else None
    if chat is None:
        only = _only_value(value)
        return None if only is None else _text(only)
    said = [each for each in chat if isinstance(each, dict) and _is_plain(each.get("content"))]
    last = next((each for each in reversed(said) if each.get("role") == "user"), said[-1] if said else None)
    return last and _text(last["content"])


# Templates


def render(template, row, text="text"):
    """{column} is a place, { text } too; {{ and }} are braces that stay."""
    return re.sub(r"\{\{|\}\}|\{([^}]+)\}", lambda hit: (row.get(text if (name := trim(hit[1])) == "text" else name) or "") if hit[1] else hit[0][0], template)


def columns_of(template, text="text"):
    """The columns that a template shows, with `text` for the text column."""
    names = (trim(hit[1]) for hit in re.finditer(r"\{\{|\}\}|\{([^}]+)\}", template) if hit[1])
    return list(dict.fromkeys(text if name == "text" else name for name in names))


# Answers


def answered(rows, text, ask):
    """For each row what `ask` says of its cells, or a sentence that says why it has no answer."""
    for _, cells in rows:
        try:
            if not trim(cells[text]): raise Refused("it has no text")
            yield ask(cells)
        except Refused as why: yield str(why)


def fitting(tokens, most):
    """@raise Refused for a row that leaves the model no room"""
    if tokens > most: raise Refused(f"with its prompt it has {counted(tokens, 'token')}, and the model reads at most {most}")


NO_TEXT, TOO_LONG = "without a text", "too long for the model"


def reasons_of(answers):
    """Rows without an answer, by the reason."""
    return collections.Counter(NO_TEXT if answer == "it has no text" else TOO_LONG for answer in answers if isinstance(answer, str))


def account(rejected, rows, left_out):
    """What became of the rows: "90 rows read, 60 used, 30 left out: 25 without a text, 5 too long for the model"."""
    reasons = {"unreadable": rejected, **{reason: left_out.get(reason, 0) for reason in (NO_TEXT, TOO_LONG)}}
    left = sum(reasons.values())
    why = f"{left:,} left out: {', '.join(f'{count:,} {words}' for words, count in reasons.items() if count)}" if left else "none left out"
    return f"{counted(rejected + rows, 'row')} read, {rejected + rows - left:,} used, {why}."


def free_names(columns, wanted):
    """Names that no column of the input has: `prediction`, else `prediction_2`, …"""
    taken, names = set(columns), []
    for name in wanted:
        free, n = name, 2
        while free in taken: free, n = f"{name}_{n}", n + 1
        taken.add(free)
        names.append(free)
    return names


def decimal(value):
    """A probability as the studio writes it: six places at most."""
    return f"{Decimal(float(value)).quantize(Decimal('0.000001'), ROUND_HALF_UP):f}".rstrip("0").rstrip(".")


def csv_line(cells):
    quoted = lambda cell: '"' + cell.replace('"', '""') + '"' if re.search(rf'[",\r\n]|^{S}|{S}\Z', cell) else cell
    return (",".join(map(quoted, cells)) or '""') + "\r\n"


def answer_line(cells, names, answer, has_reason=True):
    """A row with its answer: cells under `names`, or why it has none. Such a row goes to a person where the prompt has a threshold."""
    why = answer if isinstance(answer, str) else ""
    own = ["true" if name == "needs_review" else "" for name in names] if why else answer
    return csv_line([*cells.values(), *own, *([why] if has_reason else [])])


def write_answers(path, table, names, answers):
    """CSV with the columns of the table unchanged; not_answered says why a row has no answer, where one has none."""
    answers = list(answers)
    has_reason = any(isinstance(answer, str) for answer in answers)
    with open(path, "w", newline="", encoding="utf-8") as target:
        target.write(csv_line([*table.columns, *free_names(table.columns, [*names, "not_answered"] if has_reason else names)]))
        target.writelines(answer_line(cells, names, answer, has_reason) for (_, cells), answer in zip(table.rows, answers))
    print(account(len(table.rejected), len(answers), reasons_of(answers)), file=sys.stderr)
