"""HubSpot's CRM tables, as a warehouse connector lands them (properties as property_<name> columns)."""

from pipeline.sources.tables import VendorTable, unused

_SYNC = "_fivetran_synced _fivetran_deleted"


def _table(table: str, becomes: str, required: str, optional: str = "") -> VendorTable:
    return VendorTable("hubspot", "crm", table, becomes, required, f"{_SYNC} {optional}")


TABLES = (
    _table(
        "contact",
        "customers",
        "id",
        "is_deleted property_email property_phone property_mobilephone property_firstname property_lastname "
        "property_date_of_birth property_address property_city property_zip property_state property_country "
        "property_hs_email_optout property_createdate property_created_at property_lastmodifieddate",
    ),
    _table("contact_merge_audit", "links", "vid_to_merge", "canonical_vid contact_id timestamp"),
    _table("deal_contact", "links", "deal_id contact_id"),
    _table("deal_pipeline_stage", "links", "stage_id", "closed_won is_closed updated_at"),
    _table("engagement_contact", "links", "engagement_id contact_id"),
    _table("engagement_deal", "links", "engagement_id deal_id"),
    _table("merged_deal", "links", "merged_deal_id deal_id"),
    _table("ticket_contact", "links", "ticket_id contact_id"),
    _table("ticket_deal", "links", "ticket_id deal_id"),
    _table(
        "deal",
        "orders",
        "deal_id",
        "is_deleted deal_pipeline_id deal_pipeline_stage_id property_amount property_deal_currency_code "
        "property_closedate property_createdate property_dealtype property_hs_is_closed property_hs_is_closed_won "
        "property_hs_lastmodifieddate",
    ),
    _table(
        "ticket",
        "interactions",
        "id",
        "is_deleted property_createdate property_subject property_content property_source_type "
        "property_hs_ticket_category property_hs_lastmodifieddate",
    ),
    _table(
        "engagement_call",
        "interactions",
        "engagement_id",
        "property_hs_timestamp property_hs_call_title property_hs_call_body property_hs_call_duration "
        "property_hs_call_disposition property_hs_lastmodifieddate",
    ),
    _table(
        "engagement_communication",
        "interactions",
        "engagement_id",
        "property_hs_timestamp property_hs_communication_channel_type property_hs_communication_body "
        "property_hs_lastmodifieddate",
    ),
    _table(
        "engagement_email",
        "interactions",
        "engagement_id",
        "property_hs_timestamp property_hs_email_subject property_hs_email_text property_hs_email_direction "
        "property_hs_lastmodifieddate",
    ),
    _table(
        "engagement_meeting",
        "interactions",
        "engagement_id",
        "start_time end_time meeting_outcome title body property_hs_timestamp property_hs_meeting_start_time "
        "property_hs_meeting_end_time property_hs_meeting_outcome property_hs_meeting_title "
        "property_hs_meeting_body property_hs_lastmodifieddate",
    ),
    _table("email_event", "interactions", "id", "type created recipient filtered_event email_campaign_id"),
    *unused(
        "hubspot",
        "crm",
        "links",
        "company company_property_history contact_form_submission contact_list contact_list_member "
        "contact_property_history deal_company deal_pipeline deal_property_history deal_stage email_campaign "
        "email_event_bounce email_event_click email_event_deferred email_event_delivered email_event_dropped "
        "email_event_forward email_event_open email_event_print email_event_sent email_event_spam_report "
        "email_event_status_change engagement engagement_company engagement_note engagement_task form owner "
        "owner_team property property_option role team team_user ticket_company ticket_engagement ticket_pipeline "
        "ticket_pipeline_stage ticket_property_history users",
    ),
)
