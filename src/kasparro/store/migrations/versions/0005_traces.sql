-- The span in which a run was asked for (W3C Trace Context), so that who works on it goes on with the same trace.
ALTER TABLE etl_runs ADD traceparent text;
