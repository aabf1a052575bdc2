-- What the plan of the last call allowed in its month; NULL where it knows no limit. Only who calls knows the plan.
ALTER TABLE quota ADD allowed int;
