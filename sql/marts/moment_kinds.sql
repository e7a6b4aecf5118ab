-- marts.moment_kinds: the mean effect of the moments of a step, type or micro-moment, one row per mission (and 'ALL') and kind.
-- grain   mission, kind, value
-- reads   ranking.moment_kinds
-- params  none
select * from ranking.moment_kinds
