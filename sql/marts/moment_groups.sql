-- marts.moment_groups: how a moment's effect differs between groups of customers that were declared beforehand.
-- grain   moment, grouping, value
-- reads   ranking.moment_groups
-- params  none
select * from ranking.moment_groups
