"""The public archive: pages of channels with +P, for everybody (`chat.public_archive`)."""
