"""Zendesk's tables, as a warehouse connector lands them."""

from pipeline.sources.tables import VendorTable, unused

_SYNC = "_fivetran_synced _fivetran_deleted"


def _table(table: str, becomes: str, required: str, optional: str = "") -> VendorTable:
    return VendorTable("zendesk", "crm", table, becomes, required, f"{_SYNC} {optional}")


TABLES = (
    _table("user", "customers", "id created_at", "name email phone role active updated_at"),
    _table(
        "ticket",
        "interactions",
        "id",
        "requester_id created_at updated_at status type subject description via_channel",
    ),
    _table("ticket_comment", "interactions", "id", "ticket_id user_id created body public voice_comment"),
    _table("satisfaction_rating", "interactions", "id", "ticket_id requester_id score comment created_at updated_at"),
    *unused(
        "zendesk",
        "crm",
        "links",
        "audit_log brand brand_data_postgres daylight_time domain_name group organization organization_tag schedule "
        "schedule_holiday sla_policy_metric_history ticket_chat ticket_chat_event ticket_field_history "
        "ticket_form_history ticket_schedule ticket_sla_policy ticket_tag time_zone user_tag",
    ),
)
