"""command_status (SMPP 3.4, 5.1.3) and what it tells a sender of messages."""

from enum import IntEnum

from octavo.drivers.protocol import Fault


class Status(IntEnum):
    """The values that the protocol defines. 0x400 to 0x4ff are the carrier's own."""

    ESME_ROK = 0x00
    ESME_RINVMSGLEN = 0x01
    ESME_RINVCMDLEN = 0x02
    ESME_RINVCMDID = 0x03
    ESME_RINVBNDSTS = 0x04
    ESME_RALYBND = 0x05
    ESME_RINVPRTFLG = 0x06
    ESME_RINVREGDLVFLG = 0x07
    ESME_RSYSERR = 0x08
    ESME_RINVSRCADR = 0x0A
    ESME_RINVDSTADR = 0x0B
    ESME_RINVMSGID = 0x0C
    ESME_RBINDFAIL = 0x0D
    ESME_RINVPASWD = 0x0E
    ESME_RINVSYSID = 0x0F
    ESME_RCANCELFAIL = 0x11
    ESME_RREPLACEFAIL = 0x13
    ESME_RMSGQFUL = 0x14
    ESME_RINVSERTYP = 0x15
    ESME_RINVNUMDESTS = 0x33
    ESME_RINVDLNAME = 0x34
    ESME_RINVDESTFLAG = 0x40
    ESME_RINVSUBREP = 0x42
    ESME_RINVESMCLASS = 0x43
    ESME_RCNTSUBDL = 0x44
    ESME_RSUBMITFAIL = 0x45
    ESME_RINVSRCTON = 0x48
    ESME_RINVSRCNPI = 0x49
    ESME_RINVDSTTON = 0x50
    ESME_RINVDSTNPI = 0x51
    ESME_RINVSYSTYP = 0x53
    ESME_RINVREPFLAG = 0x54
    ESME_RINVNUMMSGS = 0x55
    ESME_RTHROTTLED = 0x58
    ESME_RINVSCHED = 0x61
    ESME_RINVEXPIRY = 0x62
    ESME_RINVDFTMSGID = 0x63
    ESME_RX_T_APPN = 0x64
    ESME_RX_P_APPN = 0x65
    ESME_RX_R_APPN = 0x66
    ESME_RQUERYFAIL = 0x67
    ESME_RINVOPTPARSTREAM = 0xC0
    ESME_ROPTPARNOTALLWD = 0xC1
    ESME_RINVPARLEN = 0xC2
    ESME_RMISSINGOPTPARAM = 0xC3
    ESME_RINVOPTPARAMVAL = 0xC4
    ESME_RDELIVERYFAILURE = 0xFE
    ESME_RUNKNOWNERR = 0xFF


THROTTLES = frozenset({int(Status.ESME_RTHROTTLED), int(Status.ESME_RMSGQFUL)})
"""The carrier took nothing and will take it a little later: that is no failed attempt."""

_NAMES = {int(status): status.name for status in Status}

_PERMANENT = (
    Status.ESME_RINVMSGLEN,
    Status.ESME_RINVSRCADR,
    Status.ESME_RINVDSTADR,
    Status.ESME_RINVNUMDESTS,
    Status.ESME_RINVDLNAME,
    Status.ESME_RCNTSUBDL,
    Status.ESME_RX_P_APPN,
    Status.ESME_RX_R_APPN,
    Status.ESME_RDELIVERYFAILURE,
)
"""About this message: it would be refused again."""

_OURS = (
    Status.ESME_RINVCMDLEN,
    Status.ESME_RINVCMDID,
    Status.ESME_RINVBNDSTS,
    Status.ESME_RALYBND,
    Status.ESME_RINVPRTFLG,
    Status.ESME_RINVREGDLVFLG,
    Status.ESME_RBINDFAIL,
    Status.ESME_RINVPASWD,
    Status.ESME_RINVSYSID,
    Status.ESME_RINVSERTYP,
    Status.ESME_RINVDESTFLAG,
    Status.ESME_RINVSUBREP,
    Status.ESME_RINVESMCLASS,
    Status.ESME_RINVSRCTON,
    Status.ESME_RINVSRCNPI,
    Status.ESME_RINVDSTTON,
    Status.ESME_RINVDSTNPI,
    Status.ESME_RINVSYSTYP,
    Status.ESME_RINVREPFLAG,
    Status.ESME_RINVNUMMSGS,
    Status.ESME_RINVSCHED,
    Status.ESME_RINVEXPIRY,
    Status.ESME_RINVDFTMSGID,
    Status.ESME_RINVOPTPARSTREAM,
    Status.ESME_ROPTPARNOTALLWD,
    Status.ESME_RINVPARLEN,
    Status.ESME_RMISSINGOPTPARAM,
    Status.ESME_RINVOPTPARAMVAL,
)
"""About how the route is set up: every message would be refused until that is mended."""

_FAULTS = {
    **dict.fromkeys(map(int, _PERMANENT), Fault.PERMANENT),
    **dict.fromkeys(map(int, _OURS), Fault.OURS),
}


def fault_of(status: int) -> Fault:
    """Whose fault a refusal is.

    What the protocol does not define, or does not explain (ESME_RSYSERR, ESME_RSUBMITFAIL), is
    temporary: attempts are few, and another route may be tried.
    """
    return _FAULTS.get(status, Fault.TEMPORARY)


def name_of(status: int) -> str:
    """`ESME_RSYSERR`; what has no name is written as `0x00000401`."""
    return _NAMES.get(status) or f"0x{status:08x}"
