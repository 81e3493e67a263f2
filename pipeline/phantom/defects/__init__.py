"""What is wrong with real copies of the data sets, to be planted in phantoms.

A module for each form of files says what can be wrong there: `OF_PATIENTS` befalls one
of its `patients`, `OF_THE_WHOLE` the data set. A defect is a function that spoils files
and yields where the job meets that and the reason it must report, None if nothing.
"""
