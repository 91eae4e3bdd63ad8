"""A simulated model (`--model simulated/coder`) that plays agent, summarizer and judge.

It is a simulation: it uses no network and no language model. The demo, the tests and the
measurements of overhead run on it. It knows three scaffolds: `bash_agent`, mini-SWE-agent and
Terminus.
"""
