"""Which medium an attack was made with, told from its traces (Liu and Liu, PhySTD, Tables 6 and 7)."""
