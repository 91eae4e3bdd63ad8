"""A simulated model (`--model simulated/coder`) that plays agent, summarizer and judge.

It is a simulation: no network, no language model. The demo, the tests and the measurements of
overhead run on it. It knows three scaffolds: `bash_agent`, mini-SWE-agent and Terminus.
"""
