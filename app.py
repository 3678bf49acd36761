"""Table of contents: which blueprint serves which part of the product.

Handlers that are Lambdas of their own (the queue, the schedules and the authorizers) keep their names unprefixed: these
names are the functions of the template, its policies and the operator's logs.
"""

import gc
import os

# Nothing that is imported is garbage: to look through all of it, again and again, is a tenth of a cold start.
gc.disable()

from chalice.app import Chalice  # noqa: E402 - the collector rests until all is imported

from chalicelib.entrypoints import (  # noqa: E402
    authorizers,
    http_agents,
    http_audit,
    http_catalogue,
    http_catalogue_jobs,
    http_consents,
    http_data_map,
    http_decisions,
    http_desk,
    http_erasures,
    http_events,
    http_exports,
    http_identity,
    http_imports,
    http_insights,
    http_links,
    http_matching,
    http_me,
    http_me_deeds,
    http_models,
    http_outreach,
    http_profiles,
    http_quality,
    http_quarantine,
    http_reveal,
    http_routing,
    http_system,
    http_tags,
    http_tickets,
    http_webhooks,
    own_functions,
    problems,
)

app = Chalice(app_name="zhiyin", configure_logs=False)
# All that is taken and answered is text: no door has a binary content type, and gzip is opened by the gateway or the door.
# Chalice would look for sixteen types in the headers of every request and answer.
app.api.binary_types = []
app.register_middleware(problems.in_our_words, "http")
app.register_middleware(own_functions.only_where_it_is_served, "http")

app.register_blueprint(http_events.blueprint, name_prefix="events_")
app.register_blueprint(http_webhooks.blueprint, name_prefix="webhooks_")
app.register_blueprint(http_profiles.blueprint, name_prefix="profiles_")
app.register_blueprint(http_reveal.blueprint, name_prefix="profiles_")
app.register_blueprint(http_exports.blueprint, name_prefix="exports_")
app.register_blueprint(http_matching.blueprint, name_prefix="matching_")
app.register_blueprint(http_routing.blueprint, name_prefix="routing_")
app.register_blueprint(http_tickets.blueprint, name_prefix="tickets_")
app.register_blueprint(http_agents.blueprint, name_prefix="agents_")
app.register_blueprint(http_desk.blueprint, name_prefix="desk_")
app.register_blueprint(http_decisions.blueprint, name_prefix="decisions_")
app.register_blueprint(http_imports.blueprint, name_prefix="imports_")
app.register_blueprint(http_catalogue_jobs.blueprint, name_prefix="jobs_")
app.register_blueprint(http_erasures.blueprint, name_prefix="erasures_")
app.register_blueprint(http_identity.blueprint, name_prefix="identity_")
app.register_blueprint(http_insights.blueprint, name_prefix="insights_")
app.register_blueprint(http_tags.blueprint, name_prefix="tags_")
app.register_blueprint(http_consents.blueprint, name_prefix="consents_")
app.register_blueprint(http_quality.blueprint, name_prefix="quality_")
app.register_blueprint(http_outreach.blueprint, name_prefix="outreach_")
app.register_blueprint(http_quarantine.blueprint, name_prefix="quarantine_")
app.register_blueprint(http_audit.blueprint, name_prefix="audit_")
app.register_blueprint(http_data_map.blueprint, name_prefix="privacy_")
app.register_blueprint(http_catalogue.blueprint, name_prefix="catalogue_")
app.register_blueprint(http_links.blueprint, name_prefix="links_")
app.register_blueprint(http_me.blueprint, name_prefix="me_")
app.register_blueprint(http_me_deeds.blueprint, name_prefix="me_deeds_")
app.register_blueprint(http_models.blueprint, name_prefix="models_")
app.register_blueprint(http_system.blueprint, name_prefix="system_")
app.register_blueprint(own_functions.blueprint)
app.register_blueprint(authorizers.blueprint)
if "AWS_LAMBDA_FUNCTION_NAME" not in os.environ:
    # Who packages the app finds all functions here. In the cloud each of these is called by its own handler, and the one that
    # serves HTTP need not read what the others do.
    from chalicelib.entrypoints.background import BLUEPRINTS

    for one in BLUEPRINTS:
        app.register_blueprint(one)

# What is here by now stays for good.
gc.freeze()
gc.enable()
