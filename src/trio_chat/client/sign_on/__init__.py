"""Single sign-on of the client: tokens of a provider, by which it logs in (SASL OAUTHBEARER)."""
