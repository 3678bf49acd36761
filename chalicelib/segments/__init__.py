"""Learned segments and scores of a person, as pure functions of the profile and of a model that a scheduled job learned."""
