"""Recognition of the attack medium from the traces (Liu and Liu, PhySTD, Tables 6 and 7)."""
