"""MFA devices as lists show them: never with a seed, a QR code or tags (T107)."""

from collections.abc import Callable, Sequence

from ostiary.identity.model import Account, DeviceKind, MFADevice, User, iam_arn
from ostiary.policy import PrincipalKind
from ostiary.services.iam.mfa import get_device_of
from ostiary.services.iam.owners import get_target_user
from ostiary.services.iam.paging import Source, in_memory, paged
from ostiary.services.iam.users import summary
from ostiary.services.operation import Call, Operations, ReadOperation, Result
from ostiary.store.port import Page, Reader


def list_mfa_devices(call: Call, view: Reader) -> Result:
    """The devices of one user, of all kinds, in the order of their enabling.

    Root sees its own when it names nobody. A quota keeps them few.
    """
    account = call.caller.account
    is_root = call.caller.principal.kind is PrincipalKind.ROOT
    user = None
    if "UserName" in call.params or not is_root:
        user = get_target_user(call, view)
    owner = account if user is None else user.id
    devices = view.list_by(MFADevice, account=account, user=owner)
    source = in_memory(devices, lambda device: f"{device.enabled:012d} {device.id}")
    page, rest = paged(call, "ListMFADevices", source)
    return {"MFADevices": [_shown(device, user) for device in page], **rest}


def list_virtual_mfa_devices(call: Call, view: Reader) -> Result:
    """The virtual devices of the account, assigned, not assigned, or both."""
    prefix = iam_arn(call.caller.account, "mfa", "", "")
    source = Source(
        fetch=_virtual(call, view, prefix),
        cursor=lambda device: device.serial.removeprefix(prefix),
    )
    page, rest = paged(call, "ListVirtualMFADevices", source)
    devices = [_shown_virtual(device, view) for device in page]
    return {"VirtualMFADevices": devices, **rest}


def get_mfa_device(call: Call, view: Reader) -> Result:
    """One device of a user."""
    user = get_target_user(call, view)
    return _shown(get_device_of(call, view, user), user)


def _virtual(
    call: Call, view: Reader, prefix: str
) -> Callable[[Page], Sequence[MFADevice]]:
    """Virtual devices behind a cursor; the ARN's beginning does not go into it."""
    account, kind = call.caller.account, DeviceKind.VIRTUAL
    status = call.text("AssignmentStatus", "Any")

    def fetch(page: Page) -> Sequence[MFADevice]:
        filled = "user" if status == "Assigned" else ""
        rows = Page(after=prefix + page.after, limit=page.limit, filled=filled)
        if status == "Unassigned":
            return view.list_by(MFADevice, rows, account=account, kind=kind, user="")
        return view.list_by(MFADevice, rows, account=account, kind=kind)

    return fetch


def _shown(device: MFADevice, user: User | None) -> Result:
    """A device of a list; root has no user name."""
    shown: Result = {"SerialNumber": device.serial, "EnableDate": device.enabled}
    if user is not None:
        shown["UserName"] = user.name
    return shown


def _shown_virtual(device: MFADevice, view: Reader) -> Result:
    shown: Result = {"SerialNumber": device.serial}
    if not device.user:
        return shown
    shown["EnableDate"] = device.enabled
    user = view.find(User, device.user)
    if user is not None:
        shown["User"] = summary(user)
    elif device.user == device.account:
        shown["User"] = _shown_root(view, device.account)
    return shown


def _shown_root(view: Reader, account: str) -> Result:
    """The root user, which has neither name nor path."""
    root = view.find(Account, account)
    if root is None:
        return {}
    return {"UserId": root.id, "Arn": root.root_arn, "CreateDate": root.created}


OPERATIONS: Operations = {
    "GetMFADevice": ReadOperation(run=get_mfa_device),
    "ListMFADevices": ReadOperation(run=list_mfa_devices),
    "ListVirtualMFADevices": ReadOperation(run=list_virtual_mfa_devices),
}
