//! Hostile programs: each file is one attack, with its claim in the first line.
//!
//! They are functions, so that one program can be all of them; what they met is in `expected.tsv`.
#![allow(
    unsafe_code,
    reason = "attacks are raw system calls, most of which no library offers"
)]

mod access_secret;
mod add_key;
mod another_filter;
mod ask_resolver;
mod be_debugged;
mod become_group;
mod become_user;
mod call_queue;
mod change_attributes;
mod change_mode;
mod change_mode_by_descriptor;
mod change_mode_of_device;
mod change_mode_of_readable;
mod change_mount;
mod change_owner;
mod change_personality;
mod change_root;
mod change_times;
mod change_times_by_descriptor;
mod change_times_of_readable;
mod choose_processors;
mod cipher_socket;
mod clone;
mod clone_anew;
mod clone_into_namespace;
mod connect_abstract;
mod connect_again;
mod connect_in_granted_folder;
mod connect_local;
mod connect_loopback;
mod connect_metadata;
mod connect_outside;
mod copy_memory;
mod copy_mount;
mod debug_supervisor;
mod empty_by_opening;
mod enter_folder;
mod enter_namespace;
mod enter_root;
mod fill_tmp;
mod find_keys;
mod follow_link;
mod foreign_call;
mod future_call;
mod grow_file;
mod join_control_group;
mod kernel_log;
mod kernel_module;
mod kernel_program;
mod kill_all;
mod leave_namespace;
mod link_readable;
mod list_root;
mod local_pair;
mod local_socket;
mod lock_memory;
mod look_at_limits;
mod machine_socket;
mod make_device;
mod make_pages_executable;
mod make_root_folder;
mod means;
mod measure_file_system;
mod memory_file;
mod message_queue;
mod mount;
mod move_granted_folder;
mod netlink_socket;
mod open_anew;
mod open_by_handle;
mod open_file_system;
mod open_name;
mod open_process;
mod open_too_many_files;
mod other_protocol;
mod outlive_launcher;
mod own_filter_listener;
mod own_signals;
mod packet_socket;
mod page_faults;
mod paste_into_terminal;
mod performance_events;
mod press_keys;
mod protection_keys;
mod raise_limit;
mod raw_socket;
mod read_another_skill;
mod read_by_hard_link;
mod read_by_parent;
mod read_command_line;
mod read_disk;
mod read_environment;
mod read_home;
mod read_kernel_memory;
mod read_link;
mod read_memory;
mod read_own_environment;
mod read_secret;
mod read_setting;
mod reboot;
mod remove_readable;
mod rename;
mod rename_readable;
mod run_descriptor;
mod run_file;
mod run_first;
mod run_granted_file;
mod run_in_real_time;
mod run_privileged;
mod secret_memory;
mod send_by_local_pair;
mod send_datagram;
mod set_capabilities;
mod set_clock;
mod set_host_name;
mod shared_memory;
mod shared_memory_folder;
mod signal_supervisor;
mod signal_thread;
mod socket_filter;
mod start_thread;
mod stat_secret;
mod swap_root;
mod system_v_memory;
mod system_v_messages;
mod take_memory;
mod take_terminal;
mod tcp_socket;
mod truncate;
mod truncate_readable;
mod type_into_terminal;
mod udp_socket;
mod unmount;
mod user_namespace;
mod watch;
mod write_home;
mod write_own_memory;
mod write_readable;
mod write_root;
mod write_setting;

use std::io;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

/// What the attacks aim at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Targets {
    /// A file that is not granted, beside a link to it, a folder `skills/other` and a local server `service`.
    pub(crate) file: PathBuf,
    /// A file that may be read and not changed.
    pub(crate) readable: PathBuf,
    /// A folder that may be changed.
    pub(crate) writable: PathBuf,
    /// The supervisor.
    pub(crate) process: u32,
    /// Where it listens for connections and datagrams, on this machine.
    pub(crate) port: u16,
    /// Where it listens without a file.
    pub(crate) name: Vec<u8>,
}

/// What an attack is called, and how it is made: it succeeds if there is a way out.
pub(crate) type Attack = (&'static str, fn(&Targets) -> io::Result<()>);

macro_rules! attacks {
    ($($name:ident,)+) => {
        /// All of them.
        pub(crate) const ATTACKS: &[Attack] = &[$((stringify!($name), $name::attack)),+];
    };
}

attacks! {
    access_secret,
    add_key,
    another_filter,
    ask_resolver,
    be_debugged,
    become_group,
    become_user,
    call_queue,
    change_attributes,
    change_mode,
    change_mode_by_descriptor,
    change_mode_of_device,
    change_mode_of_readable,
    change_mount,
    change_owner,
    change_personality,
    change_root,
    change_times,
    change_times_by_descriptor,
    change_times_of_readable,
    choose_processors,
    cipher_socket,
    clone,
    clone_anew,
    clone_into_namespace,
    connect_abstract,
    connect_again,
    connect_in_granted_folder,
    connect_local,
    connect_loopback,
    connect_metadata,
    connect_outside,
    copy_memory,
    copy_mount,
    debug_supervisor,
    empty_by_opening,
    enter_folder,
    enter_namespace,
    enter_root,
    fill_tmp,
    find_keys,
    follow_link,
    foreign_call,
    future_call,
    grow_file,
    join_control_group,
    kernel_log,
    kernel_module,
    kernel_program,
    kill_all,
    leave_namespace,
    link_readable,
    list_root,
    local_pair,
    local_socket,
    lock_memory,
    look_at_limits,
    machine_socket,
    make_device,
    make_pages_executable,
    make_root_folder,
    measure_file_system,
    memory_file,
    message_queue,
    mount,
    move_granted_folder,
    netlink_socket,
    open_anew,
    open_by_handle,
    open_file_system,
    open_name,
    open_process,
    open_too_many_files,
    other_protocol,
    outlive_launcher,
    own_filter_listener,
    own_signals,
    packet_socket,
    page_faults,
    paste_into_terminal,
    performance_events,
    press_keys,
    protection_keys,
    raise_limit,
    raw_socket,
    read_another_skill,
    read_by_hard_link,
    read_by_parent,
    read_command_line,
    read_disk,
    read_environment,
    read_home,
    read_kernel_memory,
    read_link,
    read_memory,
    read_own_environment,
    read_secret,
    read_setting,
    reboot,
    remove_readable,
    rename,
    rename_readable,
    run_descriptor,
    run_file,
    run_first,
    run_granted_file,
    run_in_real_time,
    run_privileged,
    secret_memory,
    send_by_local_pair,
    send_datagram,
    set_capabilities,
    set_clock,
    set_host_name,
    shared_memory,
    shared_memory_folder,
    signal_supervisor,
    signal_thread,
    socket_filter,
    start_thread,
    stat_secret,
    swap_root,
    system_v_memory,
    system_v_messages,
    take_memory,
    take_terminal,
    tcp_socket,
    truncate,
    truncate_readable,
    type_into_terminal,
    udp_socket,
    unmount,
    user_namespace,
    watch,
    write_home,
    write_own_memory,
    write_readable,
    write_root,
    write_setting,
}
