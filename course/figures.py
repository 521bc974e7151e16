"""What lessons draw and do not teach, each as one named function."""
