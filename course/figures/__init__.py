"""What lessons draw and do not teach, each figure as one named function; one file per subject."""

from course.figures.labels import plot_labels_and_discs, plot_mistakes, plot_weights
from course.figures.points import plot_logits, plot_points, plot_stages
from course.figures.runs import (
    compare_curves,
    plot_batch_sizes,
    plot_kept_epoch,
    plot_kept_epochs,
    plot_loss_panels,
    plot_losses_together,
    plot_losses_with_floors,
    plot_recipes,
    plot_strips,
)
from course.figures.scores import (
    plot_calibration,
    plot_class_scores,
    plot_confusion_matrix,
    plot_f1_by_threshold,
    plot_intervals,
    plot_right_by_count,
    plot_threshold_curves,
)
from course.figures.units import (
    plot_activations,
    plot_dead_units,
    plot_fold,
    plot_gradients_by_layer,
    plot_hidden_space,
    plot_relu_units,
    plot_starts,
    plot_value_and_slope,
)

__all__ = [
    "compare_curves",
    "plot_activations",
    "plot_batch_sizes",
    "plot_calibration",
    "plot_class_scores",
    "plot_confusion_matrix",
    "plot_dead_units",
    "plot_f1_by_threshold",
    "plot_fold",
    "plot_gradients_by_layer",
    "plot_hidden_space",
    "plot_intervals",
    "plot_kept_epoch",
    "plot_kept_epochs",
    "plot_labels_and_discs",
    "plot_logits",
    "plot_loss_panels",
    "plot_losses_together",
    "plot_losses_with_floors",
    "plot_mistakes",
    "plot_points",
    "plot_recipes",
    "plot_relu_units",
    "plot_right_by_count",
    "plot_stages",
    "plot_starts",
    "plot_strips",
    "plot_threshold_curves",
    "plot_value_and_slope",
    "plot_weights",
]
