"""A description of this machine for people."""

import os
import platform

import torch


def machine() -> str:
    """Describe this machine for people: ``2 cores of Intel Xeon, Linux``."""
    processor = torch.cpu.get_capabilities().get("cpu_name") or platform.machine()
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{os.cpu_count()} cores of {processor}, {platform.system()}{gpu}"
