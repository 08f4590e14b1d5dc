-- What pages of logs and of evaluators look through.

CREATE INDEX logs_of_account ON logs (account, place);
CREATE INDEX monitors_of_evaluator ON monitors (account, evaluator_id, place);
