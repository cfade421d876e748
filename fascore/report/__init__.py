"""What a run or a set of score files says, for people: the terminal and report.html."""
