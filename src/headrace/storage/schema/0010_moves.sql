-- Moves say what kind they are, why, where from, what the gate said; pointers know their last move.

-- action: see core.deployments.Action. digest: of the content targeted then. shares: JSON of a split.
-- from_version_id, from_target: what the pointer targeted before. evidence: JSON.
ALTER TABLE moves ADD COLUMN action TEXT NOT NULL DEFAULT 'move';
ALTER TABLE moves ADD COLUMN reason TEXT;
ALTER TABLE moves ADD COLUMN digest TEXT;
ALTER TABLE moves ADD COLUMN source TEXT;
ALTER TABLE moves ADD COLUMN evidence TEXT;
ALTER TABLE moves ADD COLUMN shares TEXT NOT NULL DEFAULT '[]';
ALTER TABLE moves ADD COLUMN is_off INTEGER NOT NULL DEFAULT 0;
ALTER TABLE moves ADD COLUMN from_version_id TEXT;
ALTER TABLE moves ADD COLUMN from_target TEXT;
CREATE INDEX moves_of_pointer ON moves (account, file_id, kind, pointer_id, place);

-- What was not written down can be told from what was. The draft's content of that time can't.
DROP TRIGGER moves_never_change;
UPDATE moves SET
  action = CASE WHEN version_id IS NULL AND target IS NULL THEN 'take_away' ELSE 'move' END,
  digest = (SELECT v.digest FROM versions v WHERE v.account = moves.account AND v.id = moves.version_id),
  from_version_id = (SELECT b.version_id FROM moves b WHERE b.account = moves.account
    AND b.file_id = moves.file_id AND b.kind = moves.kind AND b.pointer_id = moves.pointer_id
    AND b.place < moves.place ORDER BY b.place DESC LIMIT 1),
  from_target = (SELECT b.target FROM moves b WHERE b.account = moves.account
    AND b.file_id = moves.file_id AND b.kind = moves.kind AND b.pointer_id = moves.pointer_id
    AND b.place < moves.place ORDER BY b.place DESC LIMIT 1);
CREATE TRIGGER moves_never_change BEFORE UPDATE ON moves
BEGIN SELECT RAISE(ABORT, 'moves are only ever appended'); END;

ALTER TABLE pointers ADD COLUMN move_id TEXT NOT NULL DEFAULT '';
ALTER TABLE pointers ADD COLUMN digest TEXT;
ALTER TABLE pointers ADD COLUMN shares TEXT NOT NULL DEFAULT '[]';
ALTER TABLE pointers ADD COLUMN is_off INTEGER NOT NULL DEFAULT 0;
UPDATE pointers SET
  move_id = (SELECT b.id FROM moves b WHERE b.account = pointers.account AND b.file_id = pointers.file_id
    AND b.kind = pointers.kind AND b.pointer_id = pointers.pointer_id ORDER BY b.place DESC LIMIT 1),
  digest = (SELECT v.digest FROM versions v WHERE v.account = pointers.account AND v.id = pointers.version_id);
