"""Knowledge bases of this machine: one SQLite file, full-text search, ranked by BM25.

The command line writes the file and the server reads it, at the same time where need be. Each knowledge base
has a full-text table of its own, because BM25 weighs a word by how rare it is among the texts of the table.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from headrace.backends.knowledge.documents import Document

if TYPE_CHECKING:
    import apsw

BUSY_TIMEOUT_MS = 5_000
MOST_WORDS = 256
"""So many different words of a question are searched for."""
NAME = re.compile(r"^[0-9a-zA-Z](?:[_-]?[0-9a-zA-Z]){0,99}\Z")
ALPHABET = string.ascii_uppercase + string.digits

_SCHEMA = """
CREATE TABLE IF NOT EXISTS knowledge_bases(
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS documents(
    id INTEGER PRIMARY KEY,
    knowledge_base TEXT NOT NULL REFERENCES knowledge_bases(id) ON DELETE CASCADE,
    source TEXT NOT NULL, metadata TEXT NOT NULL, added_at TEXT NOT NULL,
    UNIQUE (knowledge_base, source)
) STRICT;
"""
# The id in a table's name is ten of ALPHABET, minted here.
_NEW_PASSAGES = """
CREATE VIRTUAL TABLE passages_{id} USING fts5(
    heading, text, document UNINDEXED, page UNINDEXED, tokenize = 'porter unicode61 remove_diacritics 2'
)
"""
_SEARCH = """
SELECT passage.text, passage.heading, passage.page, document.source, document.metadata,
       -bm25(passages_{id}, 2.0, 1.0)
FROM passages_{id} AS passage JOIN documents AS document ON document.id = passage.document
WHERE passages_{id} MATCH ? ORDER BY 6 DESC, passage.rowid LIMIT ?
"""

_LIST = """
SELECT base.id, base.name, base.created_at, count(document.id)
FROM knowledge_bases AS base LEFT JOIN documents AS document ON document.knowledge_base = base.id
GROUP BY base.id ORDER BY base.name
"""


def beside(store: Path) -> Path:
    """The file of the knowledge bases that belong to a SQLite store."""
    return store.with_name(store.name + ".kb")


def file_of(knowledge: str, store: Path | None) -> Path | None:
    """The file of the knowledge bases: the one that is named, or that beside the store, if that is a file."""
    if knowledge:
        return Path(knowledge)
    return None if store is None else beside(store)


class KnowledgeError(ValueError):
    """A local knowledge base can't do what was asked."""


class KnowledgeBase(msgspec.Struct, frozen=True, kw_only=True):
    """A local knowledge base.

    Attributes:
        id: ten capital letters and digits, as AWS's are.
        documents, passages: how many it holds.
    """

    id: str
    name: str
    created_at: str
    documents: int
    passages: int


class LocalKnowledge:
    """The knowledge bases in one file. Every method blocks; connections live as long as a call."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def create(self, name: str) -> str:
        """Make an empty knowledge base and answer its id.

        Raises:
            KnowledgeError: the name is taken or no name.
        """
        if not NAME.match(name):
            raise KnowledgeError(f"`{name}` is no name: letters and digits, with single - or _ between them.")
        base_id = "".join(secrets.choice(ALPHABET) for _ in range(10))
        with self._writing() as connection:
            if self._find(connection, name) is not None:
                raise KnowledgeError(f"There is a knowledge base `{name}` already.")
            connection.execute("INSERT INTO knowledge_bases VALUES (?, ?, ?)", (base_id, name, _now()))
            connection.execute(_NEW_PASSAGES.format(id=base_id))
        return base_id

    def add(self, name: str, document: Document) -> None:
        """Put a document in, in place of what it was before.

        Raises:
            KnowledgeError: there is no such knowledge base.
        """
        with self._writing() as connection:
            base_id = self._id(connection, name)
            self._remove(connection, base_id, document.source)
            row = (base_id, document.source, msgspec.json.encode(document.metadata).decode(), _now())
            connection.execute(
                "INSERT INTO documents(knowledge_base, source, metadata, added_at) VALUES (?, ?, ?, ?)", row
            )
            number = connection.last_insert_rowid()
            connection.executemany(
                f"INSERT INTO passages_{base_id}(heading, text, document, page) VALUES (?, ?, ?, ?)",  # noqa: S608
                [(one.heading, one.text, number, one.page) for one in document.passages],
            )

    def remove(self, name: str, source: str) -> None:
        """Take a document out.

        Raises:
            KnowledgeError: there is no such document or knowledge base.
        """
        with self._writing() as connection:
            if not self._remove(connection, self._id(connection, name), source):
                raise KnowledgeError(f"`{name}` holds no document {source}.")

    def delete(self, name: str) -> None:
        """Delete a knowledge base and all it holds.

        Raises:
            KnowledgeError: there is no such knowledge base.
        """
        with self._writing() as connection:
            base_id = self._id(connection, name)
            connection.execute(f"DROP TABLE passages_{base_id}")
            connection.execute("DELETE FROM knowledge_bases WHERE id = ?", (base_id,))

    def list(self) -> Sequence[KnowledgeBase]:
        """All knowledge bases, by name."""
        if not self._file.exists():
            return []
        with self._reading() as connection:
            return [
                KnowledgeBase(
                    id=base_id,
                    name=name,
                    created_at=at,
                    documents=many,
                    passages=connection.execute(f"SELECT count(*) FROM passages_{base_id}").get,  # noqa: S608
                )
                for base_id, name, at, many in list(connection.execute(_LIST))
            ]

    def documents(self, name: str) -> Sequence[str]:
        """The sources of a knowledge base's documents.

        Raises:
            KnowledgeError: there is no such knowledge base.
        """
        with self._reading() as connection:
            base_id = self._id(connection, name)
            query = "SELECT source FROM documents WHERE knowledge_base = ? ORDER BY source"
            return [source for (source,) in connection.execute(query, (base_id,))]

    def has(self, name: str) -> bool:
        """Whether there is a knowledge base of that name or id."""
        if not self._file.exists():
            return False
        with self._reading() as connection:
            return self._find(connection, name) is not None

    def query(self, name: str, question: str, *, most: int = 5) -> Sequence[dict[str, Any]]:
        """The passages that fit best, best first, as the Retrieve operation shows them.

        Raises:
            KnowledgeError: there is no such knowledge base.
        """
        with self._reading() as connection:
            base_id = self._id(connection, name)
            words = search_words(question)
            if not words:
                return []
            found = connection.execute(_SEARCH.format(id=base_id), (words, most))
            return [_result(*row) for row in found]

    @contextmanager
    def _reading(self) -> Iterator[apsw.Connection]:
        import apsw

        if not self._file.exists():
            raise KnowledgeError(f"There are no local knowledge bases: {self._file} is not there.")
        try:
            with closing(apsw.Connection(str(self._file))) as connection:
                connection.set_busy_timeout(BUSY_TIMEOUT_MS)
                with connection:  # one snapshot
                    yield connection
        except apsw.Error as error:
            raise KnowledgeError(f"{self._file}: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[apsw.Connection]:
        import apsw

        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.touch(mode=0o600)
        try:
            with closing(apsw.Connection(str(self._file))) as connection:
                connection.set_busy_timeout(BUSY_TIMEOUT_MS)
                connection.execute("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;")
                connection.transaction_mode = "IMMEDIATE"
                with connection:
                    connection.execute(_SCHEMA)
                    yield connection
        except apsw.Error as error:
            raise KnowledgeError(f"{self._file}: {error}") from error

    def _find(self, connection: apsw.Connection, name: str) -> str | None:
        query = "SELECT id FROM knowledge_bases WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC"
        found = connection.execute(query, (name,)).fetchone()
        return None if found is None else str(found[0])

    def _id(self, connection: apsw.Connection, name: str) -> str:
        base_id = self._find(connection, name)
        if base_id is None:
            raise KnowledgeError(f"There is no local knowledge base `{name}`.")
        return base_id

    def _remove(self, connection: apsw.Connection, base_id: str, source: str) -> bool:
        query = "SELECT id FROM documents WHERE knowledge_base = ? AND source = ?"
        found = connection.execute(query, (base_id, source)).fetchone()
        if found is None:
            return False
        connection.execute(f"DELETE FROM passages_{base_id} WHERE document = ?", found)  # noqa: S608
        connection.execute("DELETE FROM documents WHERE id = ?", found)
        return True


def search_words(question: str) -> str:
    """A question as a full-text query: any of its words, each quoted, so that no character is syntax."""
    words = dict.fromkeys(re.findall(r"\w+", question.casefold()))
    return " OR ".join(f'"{word}"' for word in list(words)[:MOST_WORDS])


def _result(
    text: str, heading: str, page: int | None, source: str, metadata: str, rank: float
) -> dict[str, Any]:
    about: dict[str, Any] = {"x-amz-bedrock-kb-source-uri": source}
    if heading:
        about["heading"] = heading
    if page is not None:
        about["x-amz-bedrock-kb-document-page-number"] = page
    about.update(msgspec.json.decode(metadata))
    return {
        "content": {"type": "TEXT", "text": text},
        "location": _location(source),
        "score": rank / (1 + rank),  # BM25 has no upper end; AWS's scores lie between 0 and 1
        "metadata": about,
    }


def _location(source: str) -> dict[str, Any]:
    if source.startswith("s3://"):
        return {"type": "S3", "s3Location": {"uri": source}}
    if source.startswith(("https://", "http://")):
        return {"type": "WEB", "webLocation": {"url": source}}
    return {"type": "CUSTOM", "customDocumentLocation": {"id": source}}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
