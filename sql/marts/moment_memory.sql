-- marts.moment_memory: how memorable each moment is, one row per mission (and 'ALL') and moment that happened.
-- grain   mission, moment
-- reads   ranking.moment_memory
-- params  none
select * from ranking.moment_memory
