"""A simulated model (`--model simulated/coder`) that plays agent, summarizer and judge.

It is a simulation: no network, no language model. The demo, the tests and the measurements of
overhead run on it. The decisions are pure functions in `brain` and what it calls; `provider` makes
a model of them.
"""
