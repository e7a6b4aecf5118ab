-- actions.consents: who agreed to be spoken to: every record that a customer has in the CRM must say so; an empty one says no.
-- grain   customer_id
-- reads   identity.identifiers, ingest.customers
-- params  none
select
    i.customer_id,
    min(cast(coalesce(c.consent_marketing, false) as integer)) = 1 as consent_marketing
from identity.identifiers as i
inner join ingest.customers as c on i.identifier_kind = 'crm_id' and i.identifier_value = c.crm_id
group by i.customer_id
