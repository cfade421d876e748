"""Presents the results of a run or of score files to people: in the terminal and in report.html."""
