"""Units: stock by bucket, events in order, and what each unit carried when it moved."""
