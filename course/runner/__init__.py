"""The machinery behind run_all.py, one file per job.

lessons.py   finds the lessons and reads their headers
preload.py   what the server of warm processes imports once; device.py asks in one of its processes which device there is
verdict.py   did the lesson do what its header promises?
schedule.py  runs lessons side by side and shows them in order
record.py    results.json and the closing table
receipts.py  holds results against expected_results.toml
report.py    index.html, the page that shows a run (its template: report.html)
run.py       a run and what it leaves behind, whatever ends it
watch.py     runs one lesson again after each save
session.py   one call of run_all.py, from its options to its exit code
"""
