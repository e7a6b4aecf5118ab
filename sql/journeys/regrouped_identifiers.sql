-- journeys.regrouped_identifiers: who the identifiers of regrouped people belong to on the strict and on the loose graph.
-- People grouped as on the main graph stand here only with the identifiers that they share with regrouped ones.
-- grain   graph, identifier_kind, identifier_value, customer_id, valid_from
-- reads   identity.identifiers, identity.identifiers_strict, identity.identifiers_loose, identity.regrouped
-- params  none
with
given as (
    select
        'strict' as graph,
        identifier_kind, identifier_value, customer_id, match_probability, valid_from, valid_to
    from identity.identifiers_strict
    union all
    select
        'loose' as graph,
        identifier_kind, identifier_value, customer_id, match_probability, valid_from, valid_to
    from identity.identifiers_loose
),

concerned as (
    select distinct graph, identifier_kind, identifier_value
    from given
),

others as (
    select
        c.graph,
        i.identifier_kind, i.identifier_value, i.customer_id, i.match_probability, i.valid_from, i.valid_to
    from identity.identifiers as i
    inner join concerned as c on i.identifier_kind = c.identifier_kind and i.identifier_value = c.identifier_value
    anti join identity.regrouped as r on c.graph = r.graph and i.customer_id = r.customer_id
)

select * from given
union all
select * from others
