"""Records, subsets, preprocessing and augmentation."""
