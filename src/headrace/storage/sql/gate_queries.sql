-- Gates, approvals, and what is watched. See `queries.py` for what stands in braces.

-- name: gate
-- The gate at one place.
SELECT {Gate} FROM gates
WHERE account = :account AND kind = :kind AND pointer_id = :pointer_id AND file_id = :file_id;

-- name: gates_holding
-- The gates that hold for a pointer: that of all files first.
SELECT {Gate} FROM gates
WHERE account = :account AND kind = :kind AND pointer_id = :pointer_id AND file_id IN ('', :file_id)
ORDER BY file_id;

-- name: put_gate
-- Set a gate, in the place of the one that is there.
INSERT INTO gates (account, {Gate}) VALUES (:account, {:Gate})
ON CONFLICT (account, kind, pointer_id, file_id) DO UPDATE
SET spec = excluded.spec, set_by = excluded.set_by, set_at = excluded.set_at;

-- name: remove_gate
-- Take a gate away.
DELETE FROM gates
WHERE account = :account AND kind = :kind AND pointer_id = :pointer_id AND file_id = :file_id;

-- name: put_approval
-- Keep an approval, in the place of an earlier one.
INSERT INTO approvals (account, {Approved}) VALUES (:account, {:Approved})
ON CONFLICT (account, file_id, kind, pointer_id, version_id, user_id) DO UPDATE
SET reason = excluded.reason, approved_at = excluded.approved_at;

-- name: remove_approval
-- Take an approval back.
DELETE FROM approvals
WHERE account = :account AND file_id = :file_id AND kind = :kind AND pointer_id = :pointer_id
  AND version_id = :version_id AND user_id = :user_id;

-- name: approvals
-- Who approved a version for a pointer.
SELECT {Approved} FROM approvals
WHERE account = :account AND file_id = :file_id AND kind = :kind AND pointer_id = :pointer_id
  AND version_id = :version_id;

-- name: put_watch
-- Watch a version, or say what became of it.
INSERT INTO watches (account, {Watch}) VALUES (:account, {:Watch})
ON CONFLICT (account, move_id, version_id) DO UPDATE
SET rules = excluded.rules, ends_at = excluded.ends_at, ended_at = excluded.ended_at,
  outcome = excluded.outcome;

-- name: watches_of_move
-- What is or was watched since a move.
SELECT {Watch} FROM watches WHERE account = :account AND move_id = :move_id ORDER BY version_id;

-- name: watches_of_version
-- The watches of a version that go on.
SELECT {Watch} FROM watches
WHERE account = :account AND version_id = :version_id AND ended_at IS NULL
ORDER BY move_id;

-- name: uses_of_version
-- The newest logs of a version, without what may be large in them.
SELECT l.id, l.has_error FROM logs l INDEXED BY logs_of_version
WHERE version_number = :version_number AND l.place BETWEEN :first AND :last
ORDER BY place DESC LIMIT :take;

-- name: scores_of_logs
-- What an evaluator that is there found of any of these logs, with the places of its logs.
SELECT l.place, l.judged_id, l.is_automatic, l.has_error, l.judgment FROM json_each(:log_ids) c
CROSS JOIN logs l ON l.account = :account AND l.judged_id = c.value
JOIN entries e ON e.account = l.account AND e.id = l.file_id
WHERE l.file_id = :evaluator_id AND e.deleted_at IS NULL;

-- name: last_completed_run
-- The newest run of a version on any version of a dataset that was completed.
SELECT {Run} FROM runs
WHERE account = :account AND version_id = :version_id AND dataset_id = :dataset_id AND status = 'completed'
ORDER BY created_at DESC, id DESC LIMIT 1;
