"""Local knowledge bases: real files, a real database, real questions."""

from __future__ import annotations

import itertools
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.backends.things import context, failure, with_effects

from headrace.backends.knowledge.chunks import CHUNK_CHARS, OVERLAP_CHARS, Passage, passages
from headrace.backends.knowledge.documents import Document, Unreadable, find_files, read_document
from headrace.backends.knowledge.local import KnowledgeError, LocalKnowledge, search_words
from headrace.cli import main
from headrace.core.effects import Fault, KnowledgeRequest

GUIDE = """# Orders

Orders are sent within two days.

## Refunds

A refund takes five days. Naïve café owners ask for them often.

```
# not a heading
```

# Opening hours

We open at nine.
"""


def document(source: str, *texts: str, **metadata: Any) -> Document:
    """A document of some passages."""
    return Document(source=source, passages=tuple(Passage(text=text) for text in texts), metadata=metadata)


@pytest.fixture
def bases(tmp_path: Path) -> LocalKnowledge:
    return LocalKnowledge(tmp_path / "kb.db")


class TestChunks:
    def test_headings_divide_and_are_kept(self) -> None:
        found = list(passages(GUIDE, is_markdown=True))
        assert [one.heading for one in found] == ["Orders", "Orders > Refunds", "Opening hours"]
        assert "# not a heading" in found[1].text

    def test_long_texts_are_cut_with_an_overlap(self) -> None:
        text = " ".join(f"Sentence number {number} says little." for number in range(200))
        found = [one.text for one in passages(text, is_markdown=False)]
        assert len(found) > 3
        for before, after in itertools.pairwise(found):
            overlap, _, _ = after.partition("\n\n")
            assert before.endswith(overlap)
            assert 0 < len(overlap) <= OVERLAP_CHARS

    @given(text=st.text(st.sampled_from("ab .#\n`~é"), max_size=400), most=st.integers(5, 50))
    def test_nothing_is_lost_and_nothing_is_too_long(self, text: str, most: int) -> None:
        found = list(passages(text, is_markdown=True, chunk_chars=most))
        assert all(len(one.text) <= most + OVERLAP_CHARS + 2 for one in found)
        assert "".join(text.split()) in "".join("".join(one.text.split()) for one in found)

    def test_a_word_without_end_is_cut(self) -> None:
        found = list(passages("x" * 5 * CHUNK_CHARS, is_markdown=False))
        assert sum(len(one.text) for one in found) == 5 * CHUNK_CHARS


class TestDocuments:
    def test_a_folder_is_its_files_but_hidden_and_odd_ones(self, tmp_path: Path) -> None:
        for name in ("b.md", "a.txt", "c.exe", ".git/d.md", "sub/e.PDF", "b.md.metadata.json"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("x")
        assert [path.name for path in find_files(tmp_path)] == ["a.txt", "b.md", "e.PDF"]

    def test_metadata_lies_beside(self, tmp_path: Path) -> None:
        (tmp_path / "a.md").write_text(GUIDE)
        (tmp_path / "a.md.metadata.json").write_text('{"metadataAttributes": {"year": 2024, "draft": false}}')
        found = read_document(tmp_path / "a.md", source="a.md")
        assert found.metadata == {"year": 2024, "draft": False}

    @pytest.mark.parametrize(
        ("name", "content", "why"),
        [
            ("a.txt", b"\xff\xfe", "not UTF-8"),
            ("a.txt", b"  \n", "no text"),
            ("a.exe", b"MZ", "only"),
            ("a.pdf", b"no pdf", "no PDF"),
            ("a.md.metadata.json", b"{}", "only"),
        ],
    )
    def test_what_can_not_be_read_says_why(self, name: str, content: bytes, why: str, tmp_path: Path) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Unreadable, match=why):
            read_document(tmp_path / name, source=name)

    def test_spoilt_metadata_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("text")
        (tmp_path / "a.txt.metadata.json").write_text('{"metadataAttributes": {"a": {}}}')
        with pytest.raises(Unreadable, match=r"a\.txt\.metadata\.json"):
            read_document(tmp_path / "a.txt", source="a.txt")

    def test_a_pdf_is_read_page_by_page(self, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").write_bytes(pdf("Orders are sent", "Refunds take days"))
        found = read_document(tmp_path / "a.pdf", source="a.pdf").passages
        assert [(one.text, one.page) for one in found] == [("Orders are sent", 1), ("Refunds take days", 2)]


def pdf(*pages: str) -> bytes:
    """A PDF with a line of text on each page."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for index, text in enumerate(pages):
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {5 + 2 * index} 0 R >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    body = b"%PDF-1.4\n"
    places = []
    for number, text in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    return (
        body
        + f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\n".encode()
        + f"startxref\n{len(body)}\n%%EOF\n".encode()
    )


class TestLocal:
    def test_the_passage_that_fits_best_comes_first(self, bases: LocalKnowledge) -> None:
        bases.create("shop")
        bases.add("shop", document("a.md", "Orders are sent in days.", "We open at nine.", "Days pass."))
        bases.add("shop", document("s3://docs/b.md", "Refunds take five days. Refunds!", year=2024))
        found = bases.query("shop", "How many days does a refund take?")
        assert found[0] == {
            "content": {"type": "TEXT", "text": "Refunds take five days. Refunds!"},
            "location": {"type": "S3", "s3Location": {"uri": "s3://docs/b.md"}},
            "score": found[0]["score"],
            "metadata": {"x-amz-bedrock-kb-source-uri": "s3://docs/b.md", "year": 2024},
        }
        assert found[1]["location"] == {"type": "CUSTOM", "customDocumentLocation": {"id": "a.md"}}
        scores = [one["score"] for one in found]
        assert scores == sorted(scores, reverse=True)
        assert all(0 < score < 1 for score in scores)
        assert len(bases.query("shop", "days", most=1)) == 1

    def test_words_are_found_in_their_other_forms(self, bases: LocalKnowledge) -> None:
        bases.create("shop")
        bases.add("shop", document("a", "Naïve café owners refunded it."))
        for question in ("CAFE", "refunding", "naive?"):
            assert len(bases.query("shop", question)) == 1

    def test_a_document_that_is_added_again_takes_its_own_place(self, bases: LocalKnowledge) -> None:
        bases.create("shop")
        bases.add("shop", document("a", "old text", "older text"))
        bases.add("shop", document("a", "new words"))
        assert bases.query("shop", "text") == []
        (base,) = bases.list()
        assert (base.documents, base.passages) == (1, 1)

    def test_each_base_is_alone(self, bases: LocalKnowledge) -> None:
        for name in ("one", "two"):
            bases.create(name)
            bases.add(name, document(name, f"words of {name}"))
        assert [one["content"]["text"] for one in bases.query("one", "words")] == ["words of one"]
        bases.delete("one")
        assert [base.name for base in bases.list()] == ["two"]
        with pytest.raises(KnowledgeError, match="no local knowledge base `one`"):
            bases.query("one", "words")
        assert len(bases.query("two", "words")) == 1

    def test_an_id_is_as_good_as_a_name(self, bases: LocalKnowledge) -> None:
        base_id = bases.create("shop")
        bases.add(base_id, document("a", "words"))
        assert bases.documents("shop") == ["a"]
        assert len(bases.query(base_id, "words")) == 1
        assert len(base_id) == 10
        assert base_id.isalnum()
        assert base_id == base_id.upper()

    def test_a_document_can_be_taken_out(self, bases: LocalKnowledge) -> None:
        bases.create("shop")
        bases.add("shop", document("a", "words"))
        bases.remove("shop", "a")
        assert bases.query("shop", "words") == []
        with pytest.raises(KnowledgeError, match="holds no document a"):
            bases.remove("shop", "a")

    @pytest.mark.parametrize("name", ["", "a b", "-a", "a--b", "../a", "ä"])
    def test_what_is_no_name(self, name: str, bases: LocalKnowledge) -> None:
        with pytest.raises(KnowledgeError, match="is no name"):
            bases.create(name)

    def test_a_name_is_taken_once(self, bases: LocalKnowledge) -> None:
        bases.create("shop")
        with pytest.raises(KnowledgeError, match="already"):
            bases.create("shop")

    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "kb.db").write_text("no database, but long enough to be looked at as one" * 100)
        with pytest.raises(KnowledgeError, match=r"kb\.db"):
            LocalKnowledge(tmp_path / "kb.db").query("a", "b")

    def test_the_file_is_the_owners(self, bases: LocalKnowledge, tmp_path: Path) -> None:
        bases.create("shop")
        assert oct((tmp_path / "kb.db").stat().st_mode)[-3:] == "600"

    def test_questions_while_documents_are_added(self, bases: LocalKnowledge) -> None:
        bases.create("shop")
        bases.add("shop", document("0", "words"))

        def fill() -> None:
            for number in range(1, 30):
                bases.add("shop", document(str(number), "words", "words"))

        writer = threading.Thread(target=fill)
        writer.start()
        try:
            counts = [len(bases.query("shop", "words", most=100)) for _ in range(50)]
        finally:
            writer.join()
        assert counts == sorted(counts)
        assert all(count % 2 == 1 for count in counts)  # a document is in whole or not at all
        assert len(bases.query("shop", "words", most=100)) == 59


QUESTIONS = [
    '"',
    "a AND",
    "NEAR(a b)",
    "text:a",
    "a*",
    "^a",
    "(",
    "a - b",
    "{a b}:c",
    "'; DROP TABLE",
    "\0",
    "a\ud800",
]


@pytest.mark.parametrize("question", [*QUESTIONS, "", "?!", "的", "x " * 5000])
def test_no_question_is_syntax(question: str, bases: LocalKnowledge) -> None:
    bases.create("shop")
    bases.add("shop", document("a", "nothing like it"))
    assert isinstance(bases.query("shop", question), list)


@given(question=st.text(max_size=60))
def test_a_question_becomes_quoted_words(question: str) -> None:
    words = search_words(question)
    assert words.count('"') == 2 * len([word for word in words.split(" OR ") if word])


class TestRetrieve:
    def retrieve(self, tmp_path: Path, name: str, config: str = "", file: str = "kb.db") -> Any:
        request = KnowledgeRequest(knowledge_base_id=name, query="words", most=5)
        return with_effects(
            config,
            lambda effects: effects.knowledge.retrieve(request, context()),
            folder=tmp_path,
            knowledge=tmp_path / file if file else None,
        )

    def test_a_base_answers_to_its_name_its_id_and_its_routes(
        self, bases: LocalKnowledge, tmp_path: Path
    ) -> None:
        base_id = bases.create("shop")
        bases.add("shop", document("a", "words"))
        route = '[[knowledge.route]]\ntype = "local"\nmatch = "AWS*"\nname = "shop"'
        found = [self.retrieve(tmp_path, name, route) for name in ("shop", base_id, "AWSBASE001")]
        assert found[0] == found[1] == found[2]
        assert found[0][0]["content"]["text"] == "words"

    @pytest.mark.parametrize("file", ["none.db", ""])
    def test_what_nothing_is_mapped_to_says_how(self, file: str, tmp_path: Path) -> None:
        match = r'\[\[knowledge.route\]\] match = "NONE000001"'
        failure(lambda: self.retrieve(tmp_path, "NONE000001", file=file), Fault.DEPENDENCY, match=match)

    def test_a_route_to_what_is_not_there(self, tmp_path: Path) -> None:
        route = '[[knowledge.route]]\ntype = "local"\nmatch = "*"\nname = "shop"'
        call = lambda: self.retrieve(tmp_path, "A", route)  # noqa: E731
        failure(call, Fault.DEPENDENCY, match="headrace kb create shop")


class TestCommand:
    @pytest.fixture(autouse=True)
    def _here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    def run(self, *words: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, ["kb", *words])
        assert done.exit_code == code, done.output
        return done.output

    def test_from_files_to_an_answer(self, tmp_path: Path) -> None:
        (tmp_path / "guide").mkdir()
        (tmp_path / "guide" / "orders.md").write_text(GUIDE)
        made = json.loads(self.run("create", "shop", "--json"))
        assert self.run("add", "shop", "guide") == "1 document: 3 passages.\n"
        assert self.run("add", "shop", "guide") == "1 document: 3 passages.\n"
        (found, *_) = json.loads(self.run("query", "shop", "refund days", "--json"))
        assert found["metadata"]["heading"] == "Orders > Refunds"
        assert found["location"]["customDocumentLocation"]["id"] == str(tmp_path / "guide" / "orders.md")
        assert "Orders > Refunds" in self.run("query", made["id"], "refund days")
        (listed,) = json.loads(self.run("list", "--json"))
        assert (listed["id"], listed["documents"], listed["passages"]) == (made["id"], 1, 3)
        assert "shop" in self.run("list")
        self.run("delete", "shop", "--document", str(tmp_path / "guide" / "orders.md"))
        assert json.loads(self.run("query", "shop", "refund", "--json")) == []
        self.run("delete", "shop")
        assert json.loads(self.run("list", "--json")) == []

    def test_sources_can_be_called_as_they_are_elsewhere(self, tmp_path: Path) -> None:
        (tmp_path / "guide" / "sub").mkdir(parents=True)
        (tmp_path / "guide" / "sub" / "orders.md").write_text(GUIDE)
        self.run("create", "shop")
        self.run("add", "shop", "guide", "--as", "s3://docs/guide/")
        (found, *_) = json.loads(self.run("query", "shop", "refund", "--json"))
        assert found["location"] == {
            "type": "S3",
            "s3Location": {"uri": "s3://docs/guide/sub/orders.md"},
        }

    @pytest.mark.parametrize(
        ("words", "why"),
        [
            (("query", "none", "a"), "no local knowledge base"),
            (("create", "a b"), "is no name"),
            (("add", "shop", "none.md"), "none.md is not there"),
            (("list", "--store", "memory:"), "no file"),
        ],
    )
    def test_what_goes_wrong_is_one_line(self, words: tuple[str, ...], why: str) -> None:
        self.run("create", "shop")
        said = self.run(*words, code=1)
        assert why in said
        assert "Traceback" not in said
