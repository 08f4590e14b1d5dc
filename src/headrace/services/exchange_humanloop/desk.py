"""Where parts are handed in: each finds out whether it is there already, and is made when it is not.

Nothing that is there is ever changed. A part that can't be made is refused by itself; the others go on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from headrace.core.access import Principal, User
from headrace.core.deployments import Environment
from headrace.core.errors import HeadraceError
from headrace.core.files import File
from headrace.core.ids import Ids
from headrace.core.ports import Clash, Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports
from headrace.services.exchange_humanloop.parts import Act, Author, Outcome

NOBODY = ""
"""Who made what nobody is known to have made; no user has this id."""
_CLASHES = {"id": "its ID belongs to something that was deleted here"}


class Refused(Exception):
    """A part can't be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What handing in a part works with.

    Attributes:
        now: when the import happens.
        is_rehearsal: nothing is made, and what a part belongs to counts as made before it.
        seen: versions, hidden ones too, and files that logs of this batch are of.
    """

    tx: Transaction
    ports: Ports
    principal: Principal
    now: datetime
    is_rehearsal: bool
    seen: dict[str, tuple[Version, File] | None] = field(default_factory=dict)

    def version(self, id: str) -> tuple[Version, File] | None:
        """A version, hidden or not, of a file that is there; as it was when it was first asked for."""
        if id not in self.seen:
            version = self.tx.versions.kept(id=id)
            file = None if version is None else self.tx.files.get(id=version.file_id)
            self.seen[id] = None if version is None or file is None else (version, file)
        return self.seen[id]

    @property
    def ids(self) -> Ids:
        return self.ports.ids

    def user(self, author: Author | None) -> str:
        """The id of a user, who is made if new; whoever has the e-mail address is the same one."""
        if author is None or not author.id:
            return NOBODY
        known = self.tx.access.user(id=author.id) or self.tx.access.user_by_email(email=author.email)
        if known is None:
            known = User(id=author.id, email=author.email, full_name=author.full_name, created_at=self.now)
            self.tx.access.add_user(known)
        return known.id

    def environment(self, environment_id: str, name: str | None) -> Environment:
        """An environment by its id, or else by its name.

        Raises:
            Refused: there is none.
        """
        known = self.tx.environments.all()
        found = next((one for one in known if one.id == environment_id), None)
        found = found or next((one for one in known if one.name == name), None)
        if found is None:
            raise Refused(f"environment `{environment_id}` is not here")
        return found


def refusal(part_id: str, error: Refused | Clash | HeadraceError) -> Outcome:
    """The outcome of a part that can't be made."""
    if isinstance(error, Clash):
        note = _CLASHES.get(error.rule, f"its {error.rule.replace('_', ' ')} is taken")
    else:
        note = error.message if isinstance(error, HeadraceError) else str(error)
    return Outcome(id=part_id, act=Act.REFUSED, note=note)
