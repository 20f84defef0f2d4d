"""`FormData`, and forms in memory taken apart."""

from __future__ import annotations

import asyncio

import pytest

from hawkapi.requests import FormData, FormLimitError, MalformedBodyError, RequestEntityTooLarge, UploadFile
from hawkapi.requests._multipart_form import MultipartForm
from hawkapi.requests.form_data import DEFAULT_MAX_PARTS, parse_multipart, parse_urlencoded


def multipart(*parts: tuple[str, bytes]) -> bytes:
    """Return a form of parts: what follows `form-data;` in the first header, and the content."""
    body = b"".join(
        b"--b\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (rest.encode(), content) for rest, content in parts
    )
    return body + b"--b--\r\n"


def test_several_values() -> None:
    """Every value is kept; `get` has the first text, `[]` the first of any kind."""
    first, second = UploadFile("1"), UploadFile("2")
    form = FormData.from_items([("a", "1"), ("f", first), ("a", "2"), ("f", second), ("f", "text"), ("b", "")])
    assert (form.get("a"), form["a"], form.getlist("a")) == ("1", "1", ["1", "2"])
    assert (form.get("f"), form["f"], form.getlist("f")) == ("text", first, [first, second, "text"])
    assert (form.fields, form.files) == ({"a": "1", "f": "text", "b": ""}, {"f": first})
    assert (list(form), len(form), form.keys()) == (["a", "f", "b"], 3, ["a", "f", "b"])
    assert form.items() == [("a", "1"), ("f", first), ("b", "")]
    assert form.values() == ["1", first, ""]
    assert [name for name, _ in form.multi_items()] == ["a", "f", "a", "f", "f", "b"]
    assert "a" in form
    assert "f" in form
    assert "x" not in form
    assert (form.get("x"), form.get("x", "y"), form.getlist("x")) == (None, "y", [])
    with pytest.raises(KeyError):
        form["x"]


def test_construction() -> None:
    """A form is made of mappings or of pairs."""
    upload = UploadFile("1")
    form = FormData({"a": "1"}, {"f": upload})
    assert form.multi_items() == [("a", "1"), ("f", upload)]
    assert FormData([("a", "1"), ("a", "2")]).getlist("a") == ["1", "2"]
    assert FormData().multi_items() == []
    assert repr(FormData({"a": "1"})) == "FormData([('a', '1')])"


def test_closing() -> None:
    """Closing a form closes its files."""

    async def main() -> None:
        uploads = [UploadFile("1", max_memory=0), UploadFile("2", max_memory=0)]
        for upload in uploads:
            await upload.write(b"abc")
        form = FormData({"a": "1"}, [("f", upload) for upload in uploads])
        await form.close()
        assert [upload.file.closed for upload in uploads] == [True, True]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("body", "items"),
    [
        pytest.param(b"", [], id="empty"),
        pytest.param(b"a=1&b=x+y%26z&a=2", [("a", "1"), ("b", "x y&z"), ("a", "2")], id="several"),
        pytest.param(b"a&=b&&c=", [("a", ""), ("", "b"), ("c", "")], id="sparse"),
        pytest.param(b"a=%C3%A4\xc3\xa4&b=%EF%BF%BD", [("a", "ää"), ("b", "\ufffd")], id="utf-8"),
        pytest.param(b"a=%zz%4", [("a", "%zz%4")], id="percent-alone"),
    ],
)
def test_urlencoded(body: bytes, items: list[tuple[str, str]]) -> None:
    """Every pair counts, in order."""
    assert parse_urlencoded(body).multi_items() == items


@pytest.mark.parametrize("body", [b"a=%FF", b"a=\xff", b"%C3&%A4=1", b"b=%EF%BF%BD&a=%ff"])
def test_urlencoded_not_utf8(body: bytes) -> None:
    """A form that is not UTF-8 is malformed."""
    with pytest.raises(MalformedBodyError, match="not UTF-8"):
        parse_urlencoded(body)


def test_urlencoded_limit() -> None:
    """Exactly as many fields as allowed are fine, 1000 by default."""
    assert len(parse_urlencoded(b"a=1&b=2", max_fields=2)) == 2
    with pytest.raises(FormLimitError, match="more than 1 fields"):
        parse_urlencoded(b"a=1&b=2", max_fields=1)
    assert len(parse_urlencoded(b"&".join(b"%d=" % number for number in range(1000)))) == 1000
    with pytest.raises(FormLimitError, match="more than 1000 fields"):
        parse_urlencoded(b"&" * 1000)


def test_multipart() -> None:
    """Parts become fields and files, whose content is exact."""
    content = b"\x00\r\n--b x\r\n\r\n"
    body = multipart(
        ('name="a"', b"1"),
        ('name="f"; filename="x.bin"', content),
        ('name="a"', "ä".encode()),
        ('name="f"; filename="y.bin"', b""),
        ('filename="dropped.txt"', b"no name"),
        ('name="empty"; filename=""', b""),
        ('name="nameless"; filename=""', b"x"),
    )
    form = parse_multipart(body, b"b")
    assert form.fields == {"a": "1"}
    assert form.getlist("a") == ["1", "ä"]
    assert form.keys() == ["a", "f", "nameless"]
    assert [(file.filename, file.data, file.size) for file in form.getlist("f") if isinstance(file, UploadFile)] == [
        ("x.bin", content, len(content)),
        ("y.bin", b"", 0),
    ]
    upload = form.files["f"]
    assert upload.content_type == "application/octet-stream"
    assert upload.headers["content-disposition"] == 'form-data; name="f"; filename="x.bin"'
    assert asyncio.run(upload.read()) == content
    assert parse_multipart(body, "b").keys() == form.keys()


def test_multipart_part_of_another_kind() -> None:
    """What does not say that it belongs to the form is left out."""
    body = b"--b\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--"
    assert len(parse_multipart(body, b"b")) == 0


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        pytest.param(b"text/plain", "ä", id="no-charset"),
        pytest.param(b"text/plain; charset=UTF-8", "ä", id="utf-8"),
        pytest.param(b"text/plain; charset=ISO-8859-1", "Ã¤", id="latin-1"),
        pytest.param(b"text/plain; charset=punycode", "ä", id="another"),
        pytest.param(b";", "ä", id="malformed"),
    ],
)
def test_multipart_charset_of_a_field(content_type: bytes, text: str) -> None:
    """A field is UTF-8 unless it says that it is ISO-8859-1."""
    head = b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: ' + content_type
    assert parse_multipart(head + "\r\n\r\nä\r\n--b--".encode(), b"b").get("a") == text


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(multipart(('name="a"', b"1"))[:-5], id="incomplete"),
        pytest.param(multipart(('name="a"', b"\xff")), id="not-utf-8"),
        pytest.param(multipart(('name="a', b"1")), id="disposition"),
    ],
)
def test_multipart_malformed(body: bytes) -> None:
    """What is no form is a `ValueError` of ours."""
    with pytest.raises(MalformedBodyError):
        parse_multipart(body, b"b")


def test_multipart_part_limit() -> None:
    """Exactly as many parts as allowed are fine."""
    body = multipart(*[('name="a"', b"1")] * 3)
    assert len(parse_multipart(body, b"b", 3).getlist("a")) == 3
    with pytest.raises(FormLimitError, match="more than 2 parts") as caught:
        parse_multipart(body, b"b", max_parts=2)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, RequestEntityTooLarge)
    assert caught.value.max_size == 2
    assert DEFAULT_MAX_PARTS == 1000


def test_multipart_field_limits() -> None:
    """Text is limited per field and for the whole form, before it is kept; files are not."""
    form = MultipartForm(b"b", max_field_size=3)
    form.feed(multipart(('name="a"', b"123"), ('name="b"; filename="x"', b"1234"), ('name="c"', b"123")))
    assert len(form.items) == 3
    with pytest.raises(FormLimitError, match="longer than 3 bytes"):
        MultipartForm(b"b", max_field_size=3).feed(multipart(('name="a"', b"1234")))
    mebibyte = b"x" * 1024 * 1024
    full = MultipartForm(b"b")
    full.feed(multipart(*[('name="a"', mebibyte)] * 10))
    assert len(full.items) == 10
    with pytest.raises(FormLimitError, match="10485760 bytes of text"):
        MultipartForm(b"b").feed(multipart(*[('name="a"', mebibyte)] * 10, ('name="b"', b"1")))


def test_multipart_upload_memory() -> None:
    """When the files of a form fill the memory that one may have, later ones go to disk sooner."""

    async def main() -> list[bool]:
        form = MultipartForm(b"b")
        files = [(f'name="f"; filename="{number}"', b"x" * 1024 * 1024) for number in range(17)]
        small = ('name="f"; filename="small"', b"x" * 1024)
        for upload, data in form.feed(multipart(*files, small)):
            await upload.write(data)
        await FormData.from_items(form.items).close()
        return [upload.in_memory for _, upload in form.items if isinstance(upload, UploadFile)]

    assert asyncio.run(main()) == [True] * 16 + [False, True]
