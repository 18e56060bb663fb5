"""Translation on demand by a LibreTranslate that the operator has configured."""
