"""The plugin, as Airflow finds it by the entry point `airflow.plugins`.

Every Airflow process loads this module, tasks included: it imports nothing heavy, and the web application only where
Airflow asks for it (the API server).
"""
# mypy: disallow-subclassing-any=False

from functools import cached_property
from typing import Any

from airflow.sdk.plugins_manager import AirflowPlugin

from landmark_airflow.headlines import Headlines

PREFIX = "/landmark"
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='{ink}' "
    "stroke-width='2' stroke-linecap='round'%3E%3Cpath d='M6 22V3m0 1h12l-3 4 3 4H6'/%3E%3C/svg%3E"
)
ICONS = {"icon": ICON.format(ink="%231c2430"), "icon_dark_mode": ICON.format(ink="%23e8ecf1")}


class LandmarkPlugin(AirflowPlugin):
    """Airflow's way of naming what the plugin brings. The addresses are relative: Airflow may live below a path."""

    name = "landmark"
    listeners = [Headlines()]  # noqa: RUF012 (Airflow's own declaration)
    external_views = [  # noqa: RUF012
        {
            "name": "Landmark",
            "href": f"{PREFIX[1:]}/",
            "destination": "nav",
            "url_route": "landmark-reports",
            "nav_top_level": True,
            **ICONS,
        },
        {
            "name": "Report",
            "href": f"{PREFIX[1:]}/runs/{{DAG_ID}}/{{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "landmark-report",
            **ICONS,
        },
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:
        from landmark_airflow.app import create_app

        return [{"app": create_app(), "url_prefix": PREFIX, "name": "Landmark reports"}]
