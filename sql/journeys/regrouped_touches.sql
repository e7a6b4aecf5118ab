-- journeys.regrouped_touches: the touches that may be tied otherwise on the strict or the loose graph, as they came.
-- They are those of regrouped people, and of visitors who are known by an identifier of theirs.
-- grain   graph, touch_id
-- reads   journeys.touchpoints, journeys.crm_touches, journeys.web_touches, journeys.outside_touches, journeys.regrouped_identifiers, identity.regrouped
-- params  none
with
people as (
    select distinct graph, customer_id
    from identity.regrouped
),

visits as (
    select distinct graph, identifier_value
    from journeys.regrouped_identifiers
),

concerned as (
    select p.graph, t.touch_id
    from journeys.touchpoints as t
    inner join people as p on t.customer_id = p.customer_id
    union all
    select v.graph, t.touch_id
    from journeys.touchpoints as t
    inner join visits as v on t.visitor_id = v.identifier_value
),

touches as (
    select * from journeys.crm_touches
    union all
    select * from journeys.web_touches
    union all
    select * from journeys.outside_touches
)

select
    c.graph,
    t.*
from touches as t
inner join concerned as c on t.touch_id = c.touch_id
