"""
As much of Helm's template language as entrypoint/helm/ uses; what it does not know is an error. The
same files give the same text with Go's text/template and the functions that Helm adds to it.
"""

import json
import re

import yaml

# A comment may hold braces.
TOKEN = re.compile(r"\{\{(-?)\s*(?:/\*(?s:.*?)\*/|(.*?))\s*(-?)\}\}", re.S)
WORD = re.compile(r'\s*("(?:[^"\\]|\\.)*"|\||:=|,|\(|\)|\$?[\w.-]+|\$|\.)')


def _pieces(source):
    """Text and actions in turn, white space taken away where a brace says so."""
    at, trim = 0, False
    for token in TOKEN.finditer(source):
        text = source[at:token.start()]
        text = text.lstrip() if trim else text
        yield "text", text.rstrip() if token[1] else text
        if token[2] is not None:
            yield "action", WORD.findall(token[2])
        at, trim = token.end(), bool(token[3])
    yield "text", source[at:].lstrip() if trim else source[at:]


def _parse(pieces, defined):
    """Nodes up to an end or else, and which of them it was."""
    nodes = []
    for kind, value in pieces:
        if kind == "text":
            nodes.append((kind, value))
        elif value[0] in ("end", "else"):
            return nodes, value[0]
        elif value[0] in ("define", "if", "with", "range"):
            body, ended_by = _parse(pieces, defined)
            other = _parse(pieces, defined)[0] if ended_by == "else" else []
            if value[0] == "define":
                defined[json.loads(value[1])] = body
            else:
                nodes.append((value[0], value[1:], body, other))
        else:
            nodes.append((kind, value))
    return nodes, None


def _plain(value):
    return value if isinstance(value, str) else json.dumps(value)


class Templates:
    def __init__(self, values, chart, release):
        self.top = {"Values": values, "Chart": chart, "Release": release}
        self.defined = {}

    def render(self, source):
        nodes, _ = _parse(_pieces(source), self.defined)
        return self._nodes(nodes, self.top, {"$": self.top})

    def _nodes(self, nodes, dot, variables):
        return "".join(self._node(node, dot, variables) for node in nodes)

    def _node(self, node, dot, variables):
        kind, value = node[:2]
        if kind == "text":
            return value
        if kind == "action":
            if len(value) > 1 and value[1] == ":=":
                variables[value[0]] = self._pipeline(value[2:], dot, variables)
                return ""
            return _plain(self._pipeline(value, dot, variables))
        body, other = node[2:]
        if kind == "range":
            key, comma, item, assigned = value[:4]
            assert (comma, assigned) == (",", ":=")
            return "".join(
                self._nodes(body, each, {**variables, key: name, item: each})
                for name, each in sorted(self._pipeline(value[4:], dot, variables).items())
            )
        found = self._pipeline(value, dot, variables)
        inner = found if kind == "with" and found else dot
        return self._nodes(body if found else other, inner, dict(variables))

    def _pipeline(self, words, dot, variables):
        words, result, has = list(words), None, False
        while words:
            command = self._command(words, dot, variables)
            result, has = self._call(command + ([result] if has else [])), True
        return result

    def _command(self, words, dot, variables):
        """The values up to a bar or a closing parenthesis, which is taken too."""
        found = []
        while words:
            word = words.pop(0)
            if word in ("|", ")"):
                break
            if word == "(":
                inner, depth = [], 1
                while depth:
                    inner.append(words.pop(0))
                    depth += {"(": 1, ")": -1}.get(inner[-1], 0)
                found.append(self._pipeline(inner[:-1], dot, variables))
            else:
                found.append(self._operand(word, dot, variables))
        return found

    def _operand(self, word, dot, variables):
        if word[0] == '"':
            return json.loads(word)
        if word.isdigit():
            return int(word)
        if word[0] == ".":
            value, path = dot, word[1:]
        elif word[0] == "$":
            name, _, path = word.partition(".")
            value = variables[name]
        else:
            return getattr(self, "f_" + word)
        for key in filter(None, path.split(".")):
            value = value[key]
        return value

    @staticmethod
    def _call(command):
        return command[0](*command[1:]) if callable(command[0]) else command[0]

    # What Go and Helm call functions; the last argument is what came through the bar.

    def f_include(self, name, dot):
        return self._nodes(self.defined[name], dot, {"$": dot})

    @staticmethod
    def f_default(fallback, value):
        return value or fallback

    @staticmethod
    def f_quote(value):
        return json.dumps(_plain(value), ensure_ascii=False)

    @staticmethod
    def f_nindent(width, text):
        return "\n" + "\n".join(" " * width + line for line in text.split("\n"))

    @staticmethod
    def f_toYaml(value):
        return yaml.safe_dump(value, default_flow_style=False).rstrip("\n")

    @staticmethod
    def f_printf(form, *values):
        return form % values

    @staticmethod
    def f_join(glue, values):
        return glue.join(map(_plain, values))

    @staticmethod
    def f_eq(one, other):
        return one == other
