-- Runs of flows that are made for runs of evaluations.

-- run_id, datapoint_id: the run of an evaluation that wants its log, and the datapoint; NULL of all others.
ALTER TABLE executions ADD COLUMN run_id TEXT;
ALTER TABLE executions ADD COLUMN datapoint_id TEXT;
