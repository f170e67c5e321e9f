"""Who sells labels: carriers that are asked over the network, behind their port."""

from shipping.carrier_port import CarrierPort


def seller() -> CarrierPort:
    """Who is asked for what an account's carriers sell: EasyPost, the one kind of account that there is.

    It is imported when it is asked for, because a process that never asks needs none of its libraries.
    """
    from shipping.easypost import easypost

    return easypost()
