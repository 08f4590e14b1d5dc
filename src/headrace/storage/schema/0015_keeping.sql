-- How long logs are kept, what was erased, the keys of providers, and what was used of each provider.

-- keep_days: 0 is for ever.
CREATE TABLE retentions (
  account TEXT NOT NULL,
  file_id TEXT NOT NULL,
  keep_days INTEGER NOT NULL,
  set_by TEXT NOT NULL,
  set_at INTEGER NOT NULL,
  PRIMARY KEY (account, file_id),
  FOREIGN KEY (account, file_id) REFERENCES entries (account, id)
) STRICT, WITHOUT ROWID;

-- subject: a keyed hash of what was looked for, never that itself. counts: JSON.
CREATE TABLE erasures (
  account TEXT NOT NULL,
  id TEXT NOT NULL,
  sort TEXT NOT NULL,
  subject TEXT NOT NULL,
  erased_by TEXT NOT NULL,
  erased_at INTEGER NOT NULL,
  counts TEXT NOT NULL,
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

-- sealed: NULL where there are only limits. hint: the end of the key. A limit that is NULL is none.
CREATE TABLE provider_accounts (
  account TEXT NOT NULL,
  provider TEXT NOT NULL,
  sealed TEXT,
  hint TEXT NOT NULL,
  requests_a_minute INTEGER,
  tokens_a_day INTEGER,
  cost_a_month_usd REAL,
  set_by TEXT NOT NULL,
  set_at INTEGER NOT NULL,
  PRIMARY KEY (account, provider)
) STRICT, WITHOUT ROWID;

-- What was used in the present minute, day and month; of a span that is over, only its beginning matters.
CREATE TABLE provider_uses (
  account TEXT NOT NULL,
  provider TEXT NOT NULL,
  span TEXT NOT NULL,
  begins_at INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  cost_usd REAL NOT NULL,
  PRIMARY KEY (account, provider, span)
) STRICT, WITHOUT ROWID;
