-- How long logs are kept, what is to be forgotten, and providers. See `queries.py` for what stands in braces.

-- name: retention
-- How long the logs of a file are kept.
SELECT {Retention} FROM retentions WHERE account = :account AND file_id = :file_id;

-- name: retentions
-- The same of all files of which it was said.
SELECT {Retention} FROM retentions WHERE account = :account ORDER BY file_id;

-- name: put_retention
-- Say how long, in the place of what was said.
INSERT INTO retentions (account, {Retention}) VALUES (:account, {:Retention})
ON CONFLICT (account, file_id) DO UPDATE
SET keep_days = excluded.keep_days, set_by = excluded.set_by, set_at = excluded.set_at;

-- name: remove_retention
-- Say it no more.
DELETE FROM retentions WHERE account = :account AND file_id = :file_id;

-- name: all_accounts
-- Every organisation.
SELECT account FROM organisations ORDER BY account;

-- name: accounts_with_retentions
-- Those of which any file has logs that are not kept for ever.
SELECT o.account FROM organisations o
WHERE EXISTS (SELECT 1 FROM retentions r WHERE r.account = o.account AND r.keep_days > 0)
ORDER BY o.account;

-- name: files_with_logs
-- The files that have logs, gone ones too.
SELECT file_id FROM usage WHERE account = :account AND logs_count > 0 ORDER BY file_id;

-- name: old_logs
-- The oldest logs of a file that judge nothing, between two places.
SELECT l.place, l.id FROM logs l INDEXED BY logs_of_file
WHERE l.file_number = (SELECT file_number FROM usage WHERE account = :account AND file_id = :file_id LIMIT 1)
  AND l.place > :after AND l.place < :before AND l.judged_id IS NULL
ORDER BY l.place LIMIT :take;

-- name: logs_from
-- An organisation's logs in the order of their places, from just after one on.
SELECT l.place, {l.Log} FROM logs k INDEXED BY logs_of_account
CROSS JOIN kept_logs l ON l.place = k.place
WHERE k.account = :account AND k.place > :after ORDER BY k.place LIMIT :take;

-- name: logs_kept
-- Logs of any files.
SELECT {l.Log} FROM json_each(:ids) c CROSS JOIN kept_logs l ON l.account = :account AND l.id = c.value;

-- name: logs_below
-- The logs right below any of these.
SELECT l.id FROM json_each(:ids) c CROSS JOIN logs l ON l.account = :account AND l.trace_parent_id = c.value;

-- name: logs_on
-- The logs that judge any of these.
SELECT l.id FROM json_each(:ids) c CROSS JOIN logs l ON l.account = :account AND l.judged_id = c.value;

-- name: logs_of_roots
-- The other logs of the traces with these roots.
SELECT l.id FROM json_each(:ids) c
CROSS JOIN logs l ON l.account = :account AND l.trace_id = c.value AND l.id <> c.value;

-- name: executions_from
-- An organisation's runs by their ids, from just after one on.
SELECT {Execution} FROM executions WHERE account = :account AND id > :after ORDER BY id LIMIT :take;

-- name: executions_named
-- The runs of that name, of any flow.
SELECT {Execution} FROM executions WHERE account = :account AND name = :name ORDER BY id;

-- name: ids_of_execution
-- The logs that tell of a run.
SELECT id FROM logs WHERE account = :account AND execution_id = :execution_id;

-- name: add_erasure
-- Something was erased.
INSERT INTO erasures (account, {Erasure}) VALUES (:account, {:Erasure});

-- name: erasures
-- The newest erasures; their ids sort by time.
SELECT {Erasure} FROM erasures WHERE account = :account ORDER BY id DESC LIMIT :take;

-- name: provider_account
-- What an organisation has set for a provider.
SELECT {ProviderAccount} FROM provider_accounts WHERE account = :account AND provider = :provider;

-- name: provider_accounts
-- The same for all providers.
SELECT {ProviderAccount} FROM provider_accounts WHERE account = :account ORDER BY provider;

-- name: put_provider_account
-- Set it, in the place of what is there.
INSERT INTO provider_accounts (account, {ProviderAccount}) VALUES (:account, {:ProviderAccount})
ON CONFLICT (account, provider) DO UPDATE
SET sealed = excluded.sealed, hint = excluded.hint, requests_a_minute = excluded.requests_a_minute,
  tokens_a_day = excluded.tokens_a_day, cost_a_month_usd = excluded.cost_a_month_usd,
  set_by = excluded.set_by, set_at = excluded.set_at;

-- name: remove_provider_account
-- Forget it.
DELETE FROM provider_accounts WHERE account = :account AND provider = :provider;

-- name: provider_use
-- What was used of a provider in the newest span.
SELECT {ProviderUse} FROM provider_uses
WHERE account = :account AND provider = :provider AND span = :span;

-- name: provider_uses
-- The same of all providers and spans.
SELECT {ProviderUse} FROM provider_uses WHERE account = :account ORDER BY provider, span;

-- name: add_provider_use
-- Count more, from zero when a new span has begun.
INSERT INTO provider_uses (account, {ProviderUse}) VALUES (:account, {:ProviderUse})
ON CONFLICT (account, provider, span) DO UPDATE
SET requests = excluded.requests
    + CASE WHEN provider_uses.begins_at < excluded.begins_at THEN 0 ELSE provider_uses.requests END,
  tokens = excluded.tokens
    + CASE WHEN provider_uses.begins_at < excluded.begins_at THEN 0 ELSE provider_uses.tokens END,
  cost_usd = excluded.cost_usd
    + CASE WHEN provider_uses.begins_at < excluded.begins_at THEN 0 ELSE provider_uses.cost_usd END,
  begins_at = max(provider_uses.begins_at, excluded.begins_at);

-- name: sealed_keys
-- The sealed halves of all AWS keys.
SELECT id, secret_sealed FROM keys;

-- name: sealed_secrets
-- The sealed environment variables of all tools.
SELECT account, file_id, name, sealed FROM secrets;

-- name: sealed_provider_accounts
-- The sealed keys of providers of all organisations.
SELECT account, provider, sealed FROM provider_accounts WHERE sealed IS NOT NULL;

-- name: reseal_key
-- Another sealed value of the same.
UPDATE keys SET secret_sealed = :sealed WHERE id = :id;

-- name: reseal_secret
-- Another sealed value of the same.
UPDATE secrets SET sealed = :sealed WHERE account = :account AND file_id = :file_id AND name = :name;

-- name: reseal_provider_account
-- Another sealed value of the same.
UPDATE provider_accounts SET sealed = :sealed WHERE account = :account AND provider = :provider;
