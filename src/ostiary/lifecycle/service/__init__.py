"""The use cases of lifecycle workflows, by noun; whatever moves results shares ``settling``."""
