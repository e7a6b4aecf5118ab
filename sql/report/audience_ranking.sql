-- report.audience_ranking: the ranking as each audience is told it: of the missions that are its own, else of all.
-- The report itself is the audience without a name: it has every mission, and ALL.
-- grain   audience, mission, moment
-- reads   report.ranking, report.audiences
-- params  none
with
ranking as (select * from report.ranking),
audiences as (select * from report.audiences)
select
    cast(a.audience as varchar) as audience,
    r.*
from audiences as a
inner join ranking as r on a.mission = r.mission
