"""The machinery behind run_all.py, one file per job.

command_line.py  the options
session.py       one call of run_all.py, from its options to its exit code
lessons.py       finds the lessons and reads their headers
start.py         prepares a run, brings it to its end, and says how it went
preload.py       what the server of warm processes imports once
device.py        asks in one of its processes which device there is
schedule.py      runs lessons side by side and shows them in order
verdict.py       did the lesson do what its header promises?
run.py           one run and what it leaves behind, whatever ends it
watch.py         runs one lesson again after each save
summary.py       how a run went, in one value
record.py        results.json and the closing table
expected.py      what expected_results.toml says each result must be
receipts.py      what came out beside what was expected, and the table of it
report.py        index.html, the page that shows a run (its template: report.html)
"""
